#pragma once

struct sqlite3;
struct sqlite3_file;

namespace florin::sql {

/// The name of the layer between SQLite and the files of this system, for sqlite3_open_v2. In the
/// main file of a database that reserves page_sum_bytes on each page, it seals every page that is
/// written there, and reads none whose seal does not fit: SQLite then gets SQLITE_IOERR_DATA.
/// Databases without the reserve, write-ahead logs and temporary files pass through as they are.
/// Null when SQLite does not take it. Source: docs/adr/0016-page-checksums.md.
const char* checksum_vfs();

/// Pages of a file that is still empty are to have room for the checksum. Of a file that has pages
/// it changes nothing, until a VACUUM writes them anew.
int reserve_page_sums(sqlite3* connection);

/// Pages of the file are sealed from now on: for a copy whose first page, which says so, may be
/// written after others.
int begin_page_sums(sqlite3* connection);

/// Whether the database's pages have checksums, by what its file says.
bool has_page_sums(sqlite3* connection);

/// The database's file as the system's layer has it: to read pages whatever they hold.
sqlite3_file* system_file(sqlite3* connection);

}  // namespace florin::sql

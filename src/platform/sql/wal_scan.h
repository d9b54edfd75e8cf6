#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace florin::sql {

/// A place in a write-ahead log: behind so many pages of the log that these salts name.
/// Source: SQLite's "WAL-mode File Format", sections "The WAL File Format" and "Checksum
/// Algorithm".
struct WalPoint {
  std::uint32_t salt1 = 0, salt2 = 0;
  std::uint32_t pages = 0;
  std::uint32_t check1 = 0, check2 = 0;  ///< Over everything up to here.

  bool is_same_log(const WalPoint& other) const {
    return salt1 == other.salt1 && salt2 == other.salt2;
  }
};

/// What a write-ahead log holds, found without SQLite.
struct WalScan {
  bool is_empty = true;          ///< Missing, or of no bytes.
  bool is_header_whole = false;  ///< The checksum of the log's header fits.
  WalPoint end;                  ///< Up to here every page is whole.
  WalPoint wanted;  ///< As it stands behind `wanted_pages`; pages 0: the end is before.
  /// Pages of more than one transaction stand behind the first page that is not whole. A power cut
  /// leaves one unfinished transaction at most: each is on the disk before the next begins.
  bool goes_on_behind_damage = false;
};

/// Reads the log of the database at `path`; also tells how it stands behind `wanted_pages`.
/// Errors: store_unavailable when it cannot be read.
Result<WalScan> scan_wal(const std::string& path, std::uint32_t wanted_pages);

/// Reads where the log ends that is open as `file`, when its header and that page's fit together.
std::optional<WalPoint> wal_point(int file, std::uint32_t pages);

/// Which page of the database stands in the log's page number `frame`, counted from 1.
std::optional<std::uint32_t> wal_page_number(int file, std::uint32_t frame, std::size_t page_bytes);

}  // namespace florin::sql

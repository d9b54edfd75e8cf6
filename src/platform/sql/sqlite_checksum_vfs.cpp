#include "platform/sql/sqlite_checksum_vfs.h"

#include <sqlite3.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "platform/sql/page_checksum.h"
#include "platform/sql/page_damage.h"

namespace florin::sql {
namespace {

// Of SQLite's "Database File Format", section "The Database Header".
constexpr std::size_t page_size_at = 16;
constexpr std::size_t reserved_at = 20;
constexpr int header_bytes = 100;
constexpr int smallest_page = 512, largest_page = 65'536;

// Our own questions to a file; SQLite's have numbers below 100.
constexpr int begin_sums_control = 0x666c01;
constexpr int has_sums_control = 0x666c02;

sqlite3_vfs* base_vfs = nullptr;

/// One open database file. SQLite gives the memory; the file of the system's layer stands behind.
struct CheckedFile {
  sqlite3_file head;
  const char* name;  // SQLite keeps it as long as the file is open.
  bool has_sums;

  sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

CheckedFile& checked(sqlite3_file* file) { return *reinterpret_cast<CheckedFile*>(file); }
sqlite3_file* inner(sqlite3_file* file) { return checked(file).inner(); }

bool is_page_size(int bytes) {
  return bytes >= smallest_page && bytes <= largest_page &&
         std::has_single_bit(static_cast<unsigned>(bytes));
}

bool is_whole_page(int bytes, sqlite3_int64 offset) {
  return is_page_size(bytes) && offset % bytes == 0;
}

std::uint32_t number_of(int bytes, sqlite3_int64 offset) {
  return static_cast<std::uint32_t>(offset / bytes) + 1;
}

int page_size_in(const char* header) {
  const auto high = static_cast<unsigned char>(header[page_size_at]);
  const auto low = static_cast<unsigned char>(header[page_size_at + 1]);
  const int size = high << 8 | low;
  return size == 1 ? largest_page : size;
}

bool says_reserved(const char* header) {
  return static_cast<unsigned char>(header[reserved_at]) == page_sum_bytes;
}

/// The byte that says that there are checksums may be the one that is damaged.
bool would_be_whole_if_reserved(std::span<const char> first_page) {
  std::vector<char> mended(first_page.begin(), first_page.end());
  mended[reserved_at] = static_cast<char>(page_sum_bytes);
  return is_page_whole(mended, 1);
}

/// What the beginning of the file says when it is opened. That it may be torn by a power cut is no
/// fault yet: the write-ahead log has the page then.
bool has_sums_by(CheckedFile& file, const char* header) {
  if (says_reserved(header)) return true;
  const int size = page_size_in(header);
  if (!is_page_size(size)) return false;
  std::vector<char> page(static_cast<std::size_t>(size));
  sqlite3_file* const system = file.inner();
  if (system->pMethods->xRead(system, page.data(), size, 0) != SQLITE_OK) return false;
  return would_be_whole_if_reserved(page);
}

/// The first page says whether there are checksums; false: it is damaged.
bool take_first_page(CheckedFile& file, std::span<const char> page) {
  if (page_size_in(page.data()) != static_cast<int>(page.size()))
    return true;  // SQLite asks again.
  if (says_reserved(page.data())) {
    file.has_sums = true;
    return is_page_whole(page, 1);
  }
  file.has_sums = would_be_whole_if_reserved(page);
  return !file.has_sums;
}

bool is_whole(CheckedFile& file, std::span<const char> page, std::uint32_t number) {
  if (number == 1) return take_first_page(file, page);
  return !file.has_sums || is_page_whole(page, number);
}

int read(sqlite3_file* self, void* to, int bytes, sqlite3_int64 offset) {
  CheckedFile& file = checked(self);
  sqlite3_file* const system = file.inner();
  const int code = system->pMethods->xRead(system, to, bytes, offset);
  if (code != SQLITE_OK) return code;
  const auto* const data = static_cast<const char*>(to);
  if (!is_whole_page(bytes, offset)) {
    if (offset == 0 && bytes >= header_bytes) file.has_sums = has_sums_by(file, data);
    return SQLITE_OK;
  }
  const std::uint32_t number = number_of(bytes, offset);
  if (is_whole(file, {data, static_cast<std::size_t>(bytes)}, number)) return SQLITE_OK;
  note_page_damage(file.name ? file.name : "", number);
  return SQLITE_IOERR_DATA;
}

int write(sqlite3_file* self, const void* from, int bytes, sqlite3_int64 offset) {
  CheckedFile& file = checked(self);
  sqlite3_file* const system = file.inner();
  const auto* const data = static_cast<const char*>(from);
  const bool is_page = is_whole_page(bytes, offset);
  if (is_page && offset == 0) file.has_sums = says_reserved(data);
  if (!is_page || !file.has_sums) return system->pMethods->xWrite(system, from, bytes, offset);
  // SQLite's own copy stays as it is: the log has summed it already.
  thread_local std::vector<char> page;
  page.assign(data, data + bytes);
  seal_page(page, number_of(bytes, offset));
  return system->pMethods->xWrite(system, page.data(), bytes, offset);
}

int control(sqlite3_file* self, int question, void* argument) {
  CheckedFile& file = checked(self);
  if (question == begin_sums_control) {
    file.has_sums = true;
    return SQLITE_OK;
  }
  if (question == has_sums_control) {
    *static_cast<bool*>(argument) = file.has_sums;
    return SQLITE_OK;
  }
  return file.inner()->pMethods->xFileControl(file.inner(), question, argument);
}

int close(sqlite3_file* self) { return inner(self)->pMethods->xClose(inner(self)); }
int truncate(sqlite3_file* self, sqlite3_int64 size) {
  return inner(self)->pMethods->xTruncate(inner(self), size);
}
int sync(sqlite3_file* self, int flags) { return inner(self)->pMethods->xSync(inner(self), flags); }
int file_size(sqlite3_file* self, sqlite3_int64* size) {
  return inner(self)->pMethods->xFileSize(inner(self), size);
}
int lock(sqlite3_file* self, int level) { return inner(self)->pMethods->xLock(inner(self), level); }
int unlock(sqlite3_file* self, int level) {
  return inner(self)->pMethods->xUnlock(inner(self), level);
}
int check_reserved_lock(sqlite3_file* self, int* is_held) {
  return inner(self)->pMethods->xCheckReservedLock(inner(self), is_held);
}
int sector_size(sqlite3_file* self) { return inner(self)->pMethods->xSectorSize(inner(self)); }
int characteristics(sqlite3_file* self) {
  return inner(self)->pMethods->xDeviceCharacteristics(inner(self));
}
int map_shared(sqlite3_file* self, int region, int bytes, int extend, void volatile** memory) {
  return inner(self)->pMethods->xShmMap(inner(self), region, bytes, extend, memory);
}
int lock_shared(sqlite3_file* self, int offset, int count, int flags) {
  return inner(self)->pMethods->xShmLock(inner(self), offset, count, flags);
}
void barrier(sqlite3_file* self) { inner(self)->pMethods->xShmBarrier(inner(self)); }
int unmap_shared(sqlite3_file* self, int remove) {
  return inner(self)->pMethods->xShmUnmap(inner(self), remove);
}
/// Mapped pages would be read past us: SQLite reads where there is no mapping.
int fetch(sqlite3_file*, sqlite3_int64, int, void** memory) {
  *memory = nullptr;
  return SQLITE_OK;
}
int unfetch(sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; }

constexpr int methods_version = 3;
constexpr sqlite3_io_methods methods{methods_version,
                                     close,
                                     read,
                                     write,
                                     truncate,
                                     sync,
                                     file_size,
                                     lock,
                                     unlock,
                                     check_reserved_lock,
                                     control,
                                     sector_size,
                                     characteristics,
                                     map_shared,
                                     lock_shared,
                                     barrier,
                                     unmap_shared,
                                     fetch,
                                     unfetch};

int open(sqlite3_vfs*, const char* name, sqlite3_file* memory, int flags, int* given_flags) {
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0)
    return base_vfs->xOpen(base_vfs, name, memory, flags, given_flags);
  CheckedFile& file = checked(memory);
  file = {{nullptr}, name, false};
  file.inner()->pMethods = nullptr;
  const int code = base_vfs->xOpen(base_vfs, name, file.inner(), flags, given_flags);
  // SQLite closes what has methods, also after a failure.
  if (file.inner()->pMethods) file.head.pMethods = &methods;
  return code;
}

const char* register_vfs() {
  static sqlite3_vfs vfs;
  base_vfs = sqlite3_vfs_find(nullptr);
  if (!base_vfs) return nullptr;
  vfs = *base_vfs;
  vfs.pNext = nullptr;
  vfs.zName = "florin-checksums";
  vfs.szOsFile = static_cast<int>(sizeof(CheckedFile)) + base_vfs->szOsFile;
  vfs.xOpen = open;
  return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK ? vfs.zName : nullptr;
}

}  // namespace

const char* checksum_vfs() {
  static const char* const name = register_vfs();
  return name;
}

int reserve_page_sums(sqlite3* connection) {
  int bytes = page_sum_bytes;
  return sqlite3_file_control(connection, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
}

int begin_page_sums(sqlite3* connection) {
  return sqlite3_file_control(connection, "main", begin_sums_control, nullptr);
}

bool has_page_sums(sqlite3* connection) {
  bool has_sums = false;
  const int code = sqlite3_file_control(connection, "main", has_sums_control, &has_sums);
  return code == SQLITE_OK && has_sums;
}

sqlite3_file* system_file(sqlite3* connection) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  return inner(file);
}

}  // namespace florin::sql

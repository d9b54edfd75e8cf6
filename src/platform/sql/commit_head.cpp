#include "platform/sql/commit_head.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <functional>

namespace florin::sql {
namespace {

constexpr std::uint32_t magic = 0x48444c46;  // "FLDH"
constexpr std::uint32_t version = 1;
/// Two records take turns: one that a kill cut off leaves the one before.
constexpr std::size_t slot_bytes = 512;

struct Slot {
  std::uint32_t magic = 0, version = 0;
  std::uint64_t sequence = 0;
  std::uint64_t boot = 0;
  std::uint32_t salt1 = 0, salt2 = 0, pages = 0, check1 = 0, check2 = 0;
  std::uint32_t is_copied = 0;
  std::uint64_t sum = 0;
};
static_assert(sizeof(Slot) == 56);

/// FNV-1a.
std::uint64_t sum_of(const Slot& slot) {
  std::uint64_t sum = 0xcbf29ce484222325;
  const auto* bytes = reinterpret_cast<const unsigned char*>(&slot);
  for (std::size_t i = 0; i < offsetof(Slot, sum); ++i) sum = (sum ^ bytes[i]) * 0x100000001b3;
  return sum;
}

/// One number for as long as the machine runs.
std::uint64_t boot_number() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string text;
  std::getline(in, text);
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return sum;
}

bool lock(int file, int command, short kind) {
  struct flock wanted {};
  wanted.l_type = kind;
  wanted.l_whence = SEEK_SET;
  int code = 0;
  do {
    code = ::fcntl(file, command, &wanted);
  } while (code != 0 && errno == EINTR);
  return code == 0;
}

bool is_locked_by_another(int file) {
  struct flock asked {};
  asked.l_type = F_WRLCK;
  asked.l_whence = SEEK_SET;
  return ::fcntl(file, F_OFD_GETLK, &asked) == 0 && asked.l_type != F_UNLCK;
}

std::optional<Slot> newest(int file) {
  std::optional<Slot> found;
  for (const off_t place : {off_t{0}, off_t{slot_bytes}}) {
    Slot slot;
    if (::pread(file, &slot, sizeof slot, place) != ssize_t{sizeof slot}) continue;
    if (slot.magic != magic || slot.version != version || slot.sum != sum_of(slot)) continue;
    if (!found || slot.sequence > found->sequence) found = slot;
  }
  return found;
}

}  // namespace

std::unique_ptr<CommitHead> CommitHead::open(const std::string& path, bool read_only) {
  const std::string name = path + "-head";
  const int file = read_only
                       ? ::open(name.c_str(), O_RDONLY | O_CLOEXEC)
                       : ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return nullptr;
  return std::unique_ptr<CommitHead>(new CommitHead(file, read_only));
}

CommitHead::CommitHead(int file, bool read_only)
    : file_(file), is_read_only_(read_only), boot_(boot_number()) {}

/// The locks are of this open file: they go with it, however the process ends.
CommitHead::~CommitHead() { ::close(file_); }

bool CommitHead::enter() {
  if (is_read_only_) return !is_locked_by_another(file_);
  if (lock(file_, F_OFD_SETLK, F_WRLCK)) return true;
  lock(file_, F_OFD_SETLKW, F_RDLCK);
  // Whoever was first may have refused what it saw, and gone.
  return lock(file_, F_OFD_SETLK, F_WRLCK);
}

void CommitHead::has_looked() {
  if (!is_read_only_) lock(file_, F_OFD_SETLK, F_RDLCK);
}

std::optional<CommitHead::Record> CommitHead::read() const {
  const auto slot = newest(file_);
  if (!slot) return std::nullopt;
  return Record{{slot->salt1, slot->salt2, slot->pages, slot->check1, slot->check2},
                slot->is_copied != 0,
                slot->boot == boot_};
}

void CommitHead::write(const WalPoint& end, bool is_copied) {
  // Another process may have written since: the newest record is the one with the highest number.
  const auto before = newest(file_);
  Slot slot{magic,
            version,
            before ? before->sequence + 1 : 1,
            boot_,
            end.salt1,
            end.salt2,
            end.pages,
            end.check1,
            end.check2,
            is_copied ? 1u : 0u};
  slot.sum = sum_of(slot);
  const auto place = static_cast<off_t>(slot.sequence % 2 * slot_bytes);
  // What cannot be written leaves an older record, which asks less of the log.
  (void)!::pwrite(file_, &slot, sizeof slot, place);
}

}  // namespace florin::sql

#include "reconciliation/sorter.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "reconciliation/errors.h"
#include "reconciliation/record.h"

namespace florin::reconciliation {
namespace {

// A record: size of all of it, size of the sort key (four bytes each), sort key, entry.
constexpr std::size_t head_bytes = 8;
constexpr std::size_t piece_bytes = 64 << 10;
constexpr std::size_t write_bytes = 1 << 20;

std::size_t size_of(const char* record) { return read_u32(record); }
std::string_view key_of(const char* record) { return {record + head_bytes, read_u32(record + 4)}; }
std::string_view entry_of(const char* record) {
  const std::string_view key = key_of(record);
  return {key.data() + key.size(), size_of(record) - head_bytes - key.size()};
}

bool is_less(const char* a, const char* b) {
  const int order = key_of(a).compare(key_of(b));
  return order != 0 ? order < 0 : entry_of(a) < entry_of(b);
}

std::uint64_t prefix_of(std::string_view key) {
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    prefix = prefix << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0u);
  }
  return prefix;
}

}  // namespace

Sorter::Sorter(std::string folder, std::size_t memory_bytes)
    : folder_(std::move(folder)), memory_bytes_(memory_bytes) {}

Result<void> Sorter::add(std::string_view sort_key, const Entry& entry) {
  const std::size_t place = arena_.size();
  arena_.append(4, '\0');
  append_u32(arena_, static_cast<std::uint32_t>(sort_key.size()));
  arena_ += sort_key;
  append_record(arena_, entry);
  std::string size;
  append_u32(size, static_cast<std::uint32_t>(arena_.size() - place));
  arena_.replace(place, 4, size);
  slots_.push_back({prefix_of(sort_key), place});
  if (arena_.size() + slots_.size() * sizeof(Slot) >= memory_bytes_) return spill();
  return {};
}

void Sorter::sort_slots() {
  const char* const base = arena_.data();
  std::sort(slots_.begin(), slots_.end(), [base](const Slot& a, const Slot& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : is_less(base + a.place, base + b.place);
  });
}

Result<void> Sorter::spill() {
  if (!file_) file_ = TRY(File::scratch(folder_));
  sort_slots();
  Run run;
  run.next = file_->size();
  std::string block;
  for (const Slot& slot : slots_) {
    const char* const record = arena_.data() + slot.place;
    block.append(record, size_of(record));
    if (block.size() < write_bytes) continue;
    TRY(file_->append(block));
    block.clear();
  }
  TRY(file_->append(block));
  run.end = file_->size();
  runs_.push_back(std::move(run));
  arena_.clear();
  slots_.clear();
  return {};
}

Result<void> Sorter::finish() {
  if (runs_.empty()) {
    sort_slots();
    return {};
  }
  if (!slots_.empty()) TRY(spill());
  arena_ = std::string();
  slots_ = std::vector<Slot>();
  return start_merge();
}

bool Sorter::comes_later(std::size_t a, std::size_t b) const {
  return is_less(runs_[b].piece.data() + runs_[b].place, runs_[a].piece.data() + runs_[a].place);
}

Result<void> Sorter::start_merge() {
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    TRY(fill(runs_[i]));
    heap_.push_back(i);
  }
  std::make_heap(heap_.begin(), heap_.end(),
                 [this](std::size_t a, std::size_t b) { return comes_later(a, b); });
  return {};
}

Result<void> Sorter::fill(Run& run) {
  const auto rest = [&] { return run.piece.size() - run.place; };
  const auto wanted = [&] {
    return rest() < 4 ? piece_bytes : size_of(run.piece.data() + run.place);
  };
  if (rest() >= 4 && rest() >= wanted()) return {};
  run.piece.erase(0, run.place);
  run.place = 0;
  std::string more;
  while (run.next < run.end && (rest() < 4 || rest() < wanted())) {
    const auto left = static_cast<std::size_t>(run.end - run.next);
    TRY(file_->read_at(run.next, std::min(left, std::max(piece_bytes, wanted())), more));
    if (more.empty()) break;
    run.piece += more;
    run.next += static_cast<std::int64_t>(more.size());
  }
  if (rest() != 0 && (rest() < 4 || rest() < wanted())) {
    return Error{errors::reconciliation_files_unusable, "the spill file ends within an entry"};
  }
  return {};
}

std::string_view Sorter::record() const {
  const char* start = nullptr;
  if (runs_.empty()) {
    if (position_ < slots_.size()) start = arena_.data() + slots_[position_].place;
  } else if (!heap_.empty()) {
    const Run& run = runs_[heap_.front()];
    start = run.piece.data() + run.place;
  }
  return start ? std::string_view(start, size_of(start)) : std::string_view();
}

std::optional<std::string_view> Sorter::key() const {
  const std::string_view next = record();
  if (next.empty()) return std::nullopt;
  return key_of(next.data());
}

Result<Entry> Sorter::entry() const {
  auto parsed = parse_record(entry_of(record().data()));
  if (!parsed) return Error{errors::reconciliation_files_unusable, "the spill file is damaged"};
  return *std::move(parsed);
}

Result<void> Sorter::advance() {
  if (runs_.empty()) {
    ++position_;
    return {};
  }
  const auto later = [this](std::size_t a, std::size_t b) { return comes_later(a, b); };
  std::pop_heap(heap_.begin(), heap_.end(), later);
  Run& run = runs_[heap_.back()];
  run.place += size_of(run.piece.data() + run.place);
  TRY(fill(run));
  if (run.place == run.piece.size()) {
    run.piece = std::string();
    heap_.pop_back();
  } else {
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  return {};
}

}  // namespace florin::reconciliation

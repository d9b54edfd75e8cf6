#include "base/timestamp.h"

#include <array>

namespace florin {
namespace {

constexpr std::int64_t us_per_second = 1'000'000;
constexpr std::int64_t us_per_day = 86'400 * us_per_second;

struct Date {
  std::int64_t year = 0;
  int month = 0, day = 0;
};

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
std::int64_t days_of(Date date) {
  const std::int64_t y = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year =
      (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

/// The inverse; same source, civil_from_days.
Date date_of(std::int64_t days) {
  const std::int64_t z = days + 719'468;
  const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const std::int64_t day_of_era = z - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

int days_in_month(std::int64_t year, int month) {
  constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : days[static_cast<std::size_t>(month - 1)];
}

void append_digits(std::string& out, std::int64_t number, int width) {
  std::array<char, 8> digits{};
  for (int i = width - 1; i >= 0; --i) {
    digits[static_cast<std::size_t>(i)] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  out.append(digits.data(), static_cast<std::size_t>(width));
}

/// Takes text apart from left to right; once something is missing it stays failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t width) {
    if (rest_.size() < width) return fail();
    int number = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (!is_digit(rest_[i])) return fail();
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    return number;
  }
  /// One character out of `choices`; 0 when there is none.
  char one_of(std::string_view choices) {
    if (rest_.empty() || choices.find(rest_[0]) == std::string_view::npos) {
      fail();
      return 0;
    }
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }
  /// Decimals of a second as microseconds, rounded down; 1 to 9 digits after a dot, or nothing.
  int fraction_us() {
    if (rest_.empty() || rest_[0] != '.') return 0;
    rest_.remove_prefix(1);
    int us = 0;
    int count = 0;
    for (; !rest_.empty() && is_digit(rest_[0]); ++count, rest_.remove_prefix(1)) {
      if (count < 6) us = us * 10 + (rest_[0] - '0');
    }
    if (count < 1 || count > 9) return fail();
    for (; count < 6; ++count) us *= 10;
    return us;
  }
  bool ended_well() const { return good_ && rest_.empty(); }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  int fail() {
    good_ = false;
    return 0;
  }
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string Timestamp::rfc3339() const {
  std::string out;
  out.reserve(27);
  append_rfc3339(out);
  return out;
}

void Timestamp::append_rfc3339(std::string& out) const {
  std::int64_t days = us / us_per_day;
  std::int64_t rest = us % us_per_day;
  if (rest < 0) {
    rest += us_per_day;
    --days;
  }
  const Date date = date_of(days);
  const std::int64_t seconds = rest / us_per_second;
  append_digits(out, date.year, 4);
  out += '-';
  append_digits(out, date.month, 2);
  out += '-';
  append_digits(out, date.day, 2);
  out += 'T';
  append_digits(out, seconds / 3'600, 2);
  out += ':';
  append_digits(out, seconds / 60 % 60, 2);
  out += ':';
  append_digits(out, seconds % 60, 2);
  out += '.';
  append_digits(out, rest % us_per_second, 6);
  out += 'Z';
}

std::optional<Timestamp> Timestamp::parse(std::string_view text) {
  Scanner scan(text);
  Date date;
  date.year = scan.digits(4);
  scan.one_of("-");
  date.month = scan.digits(2);
  scan.one_of("-");
  date.day = scan.digits(2);
  scan.one_of("Tt");
  const int hour = scan.digits(2);
  scan.one_of(":");
  const int minute = scan.digits(2);
  scan.one_of(":");
  const int second = scan.digits(2);
  const int us = scan.fraction_us();
  const char zone = scan.one_of("Zz+-");
  int offset_minutes = 0;
  if (zone == '+' || zone == '-') {
    const int offset_hours = scan.digits(2);
    scan.one_of(":");
    const int minutes = scan.digits(2);
    if (offset_hours > 23 || minutes > 59) return std::nullopt;
    offset_minutes = (offset_hours * 60 + minutes) * (zone == '-' ? -1 : 1);
  }
  if (!scan.ended_well()) return std::nullopt;
  if (date.year < 1970 || date.year > 2262 || date.month < 1 || date.month > 12)
    return std::nullopt;
  if (date.day < 1 || date.day > days_in_month(date.year, date.month)) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;

  const std::int64_t seconds =
      days_of(date) * 86'400 + hour * 3'600 + (minute - offset_minutes) * 60 + second;
  if (seconds < 0) return std::nullopt;
  return Timestamp{seconds * us_per_second + us};
}

}  // namespace florin

#include "generator.h"

#include <algorithm>

#include "vocabulary.h"

namespace florin::simulation {

using json::Array;
using json::Object;

std::string encoded(const std::string& text) {
  static constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

bool is_batched(const Request& request) {
  constexpr std::size_t largest = 50'000;  // Far below the body of 1,000 postings.
  return request.method == "POST" && !request.path.starts_with("/v1/accounts") &&
         request.body.size() < largest;
}

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

Generator::Generator(std::uint64_t seed)
    : random_(seed), now_us_(start_us), huge_(random_.one_in(3)) {}

void Generator::saw_cursor(const Request& request, const std::string& cursor) {
  cursors_.emplace_back(request, cursor);
}

Step Generator::next(Model& model) {
  Step step;
  switch (random_.below(8)) {
    case 0:
    case 1:
      now_us_ += random_.below(1'000);
      break;
    case 2:
      now_us_ += second_us * (1 + random_.below(5));
      break;
    case 3:
      now_us_ += random_.one_in(20) ? second_us * 3'600 * (1 + random_.below(30)) : second_us;
      break;
    default:
      break;
  }
  const std::int64_t tenant = random_.below(10) < 7 ? 1 : 2 + random_.below(2);
  const Books& books = model.books(tenant);
  // To the very moment at which a hold expires, or to just before it.
  if (!books.holds.empty() && random_.one_in(12)) {
    const auto& hold = random_.of(books.holds);
    if (hold.expires_us && *hold.expires_us >= now_us_ + 1)
      now_us_ = *hold.expires_us - (random_.one_in(3) ? 1 : 0);
  }
  step.at_us = now_us_;
  if (std::exchange(crashes_next_, false)) {
    step.action = Action::crash;
  } else if (random_.one_in(15)) {
    step.action = Action::expire_holds;
  } else if (random_.one_in(150)) {
    step.action = Action::restart;
  } else if (random_.one_in(80)) {
    step.action = Action::crash;
  } else if (random_.one_in(100)) {
    step.action = Action::audit;
  }
  step.request.tenant = tenant;
  if (step.action != Action::request) return step;

  const bool is_command = random_.below(10) < 6;
  // Ids of another tenant are as good as unknown.
  foreign_ = &model.books(1 + tenant % 3);
  step.request = is_command ? command(books) : query(books);
  const bool is_page = !step.request.params.empty() && step.request.params.back().first == "cursor";
  if (!is_page) step.request.tenant = tenant;
  if (is_command) {
    if (random_.one_in(25)) spoil(step.request);
    if (random_.one_in(60)) step.request.params.emplace_back("dry_run", "true");
    if (!sent_.empty() && random_.one_in(12)) {
      step.request = random_.of(sent_);  // Once more, or another body under the same key.
      if (random_.one_in(4)) step.request.body += " ";
    } else if (!random_.one_in(5)) {
      step.request.key = "key-" + std::to_string(keys_++);
    }
    if (!step.request.key.empty()) sent_.push_back(step.request);
  }
  // Commands that wait together are decided in one batch; accounts change in units of their own.
  step.with_next = is_batched(step.request) && random_.one_in(3);
  const bool is_large = step.request.method == "POST" && !is_batched(step.request) &&
                        step.request.path == "/v1/transfers/bulk";
  crashes_next_ = !step.request.key.empty() &&
                  ((is_large && random_.one_in(2)) || (step.with_next && random_.one_in(8)));
  if (crashes_next_) step.with_next = true;
  return step;
}

// ---------------------------------------------------------------- names and numbers

std::string Generator::account_ref(const Books& books) {
  if (!foreign_->accounts.empty() && random_.one_in(60)) return random_.of(foreign_->accounts).id;
  if (books.accounts.empty() || random_.one_in(60))
    return random_.one_in(2) ? "nobody" : "acc_0000000000001";
  const Account& account = random_.of(books.accounts);
  return random_.one_in(3) ? account.id : account.code;
}

std::string Generator::path_ref(const Books& books) { return encoded(account_ref(books)); }

std::int64_t Generator::amount(const Account* from) {
  if (huge_ && random_.one_in(4)) {
    return random_.one_in(2) ? greatest - random_.below(3) : greatest / 2 + random_.below(1'000);
  }
  if (from && random_.one_in(3)) {
    // Around what is there: one less, all, one more.
    const Wide there = from->available() - from->min.value_or(0) + random_.below(3) - 1;
    if (there > 0 && there < greatest) return static_cast<std::int64_t>(there);
  }
  return 1 + random_.below(random_.one_in(3) ? 10'000 : 100);
}

std::int64_t Generator::moment(const Books& books) {
  const auto near = [&](std::int64_t at) { return at + random_.below(3) - 1; };
  switch (random_.below(6)) {
    case 0:
      if (!books.transfers.empty()) return near(random_.of(books.transfers).effective_us);
      break;
    case 1:
      if (!books.transfers.empty()) return near(random_.of(books.transfers).created_us);
      break;
    case 2:
      if (!books.accounts.empty()) return near(random_.of(books.accounts).created_us);
      break;
    case 3:
      return start_us - second_us * random_.below(100'000);
    case 4:
      return now_us_ + second_us * random_.below(3);
    default:
      break;
  }
  return now_us_ - random_.below(now_us_ - start_us + second_us);
}

json::Value Generator::metadata() {
  Object members;
  if (random_.one_in(2)) members.emplace_back("region", random_.one_in(2) ? "eu" : "almaty");
  if (random_.one_in(4)) members.emplace_back("campaign", "spring");
  if (random_.one_in(4))
    members.emplace_back("rank", random_.one_in(2) ? json::Value() : json::Decimal{"1.50"});
  if (random_.one_in(8))
    members.emplace_back("note", Object{{"a", Array{1, "ü\n\"", nullptr, true}}});
  return members;
}

}  // namespace florin::simulation

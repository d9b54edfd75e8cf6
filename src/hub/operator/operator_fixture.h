#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace florin::hub::operators {

/// A request as the Operator got it.
struct ReceivedCall {
  std::string method, target, head, body;  ///< `head` with its lines as they came.
  /// The header's value; "" when there is none.
  std::string header(std::string_view name) const;
};

/// An Operator on a port of its own that answers with exactly the bytes it is told to, whatever
/// they are worth, and keeps what it was asked.
class ScriptedOperator {
 public:
  /// `number` of the call, from 1. The bytes: a whole answer, part of one, or none (silence).
  using Script = std::function<std::string(int number, const ReceivedCall& call)>;

  explicit ScriptedOperator(Script script);
  ~ScriptedOperator();

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<ReceivedCall> calls() const;
  void wait_for_calls(std::size_t count) const;

 private:
  void accept_all();
  void serve(int fd);

  Script script_;
  int listener_ = -1, port_ = 0;
  mutable std::mutex mutex_;  // Guards what follows.
  mutable std::condition_variable changed_;
  std::vector<ReceivedCall> calls_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  bool is_stopping_ = false;
  std::thread acceptor_;
};

/// A whole answer with these header lines ("Retry-After: 1\r\n").
std::string http_answer(std::string_view status, std::string_view body,
                        std::string_view headers = "");
/// At the end of what a script gives: hang up after it.
extern const std::string then_hang_up;

/// A port of the loopback address on which nobody listens.
int closed_port();

/// A file of testdata.
std::string sample(std::string_view name);
/// The text with every `from` replaced.
std::string replaced(std::string text, std::string_view from, std::string_view to);

}  // namespace florin::hub::operators

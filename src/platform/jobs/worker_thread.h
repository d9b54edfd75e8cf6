#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace florin::jobs {

/// A named thread that takes one turn after the other: modules get their loops from here, so that
/// threads are made in platform alone. Safe for concurrent use.
class WorkerThread {
 public:
  /// Does what there is to do and says for how many microseconds there is nothing more (0: go on).
  /// It must not throw; what it waits for must come to an end when the worker is to stop.
  using Turn = std::function<std::int64_t()>;

  /// `name` is what tools show of the thread; 15 bytes at most are shown.
  WorkerThread(std::string name, Turn turn);
  ~WorkerThread();  ///< As stop().
  void start();
  /// Ends the sleep, or has another turn follow the one that runs. Cheap, from any thread.
  void wake();
  /// Lets the running turn end, then returns. Safe to call twice; never from the turn itself.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::jobs

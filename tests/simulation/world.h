#pragma once
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace florin::simulation {

/// What a client asks, as it stands on the wire.
struct Request {
  std::int64_t tenant = 1;
  std::string method = "GET";
  std::string path = {};  ///< Percent-encoded, without the query.
  std::vector<std::pair<std::string, std::string>> params = {};  ///< Of the query, decoded.
  std::string body = {};
  std::string key = {};  ///< The Idempotency-Key; empty: none.
};

struct Answer {
  int status = 0;
  std::string body = {};
  bool replayed = false;
};

/// One finding of the product's own proof over its books.
struct Proof {
  bool clean = false;
  std::string findings;                           ///< Of every check that found a fault.
  std::map<std::string, std::int64_t> rows = {};  ///< By check: how many it looked at.
};

/// Which database the books are kept in.
struct Engine {
  std::string name;          ///< "sqlite" or "postgres".
  std::string postgres_url;  ///< Of a server that may be thrown away.
};

/// The engines there are: SQLite, and PostgreSQL when FLORIN_TEST_POSTGRES names a server.
std::vector<Engine> engines();

/// The product's own parts over a real database of their own, as the server wires them, with a
/// clock that moves only when told. Requests go to the route handlers, without sockets.
class World {
 public:
  explicit World(const Engine& engine);
  ~World();

  void set_time(std::int64_t now_us);
  /// Hands the request over; commands that follow before the answer share its batch.
  std::future<Answer> send(const Request& request);
  Answer ask(const Request& request) { return send(request).get(); }
  /// What the scheduler does: ends holds whose time is over.
  void expire_holds();
  /// Closes the database and everything over it, and opens all of it again.
  void restart();
  /// The process ends without a word, as by kill -9, and starts again: over SQLite from the files
  /// as they stood at that moment, over PostgreSQL after all its connections were cut.
  /// `under_way` belongs to the process that ended: it is waited for, but leaves nothing behind.
  void crash(const std::vector<std::future<Answer>>& under_way = {});
  /// Whether crash() stops what is under way at that very moment.
  bool can_crash_in_flight() const;
  /// Waits until a large bulk has come to a stage (0: any, 1: it is stored, 2: it is promised), or
  /// its answer is there.
  void await_bulk(int stage, const std::future<Answer>& answer);
  Proof verify();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::simulation

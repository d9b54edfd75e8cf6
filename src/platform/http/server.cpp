#include "platform/http/server.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <mutex>

#include "base/try.h"
#include "platform/http/dispatcher.h"
#include "platform/http/io_thread.h"
#include "platform/http/listener.h"
#include "platform/http/worker_pool.h"
#include "platform/log/log.h"

namespace florin::http {
namespace {
constexpr std::chrono::milliseconds last_requests{300};

/// Blocks of this size come from the system and go straight back. Without a fixed size the
/// allocator learns from the first large body to keep those of its size.
constexpr int own_block_bytes = 256 * 1024;

/// Documents of large bodies are many small pieces, whose pages the allocator would keep.
void give_memory_back() { ::malloc_trim(0); }
}  // namespace

struct Server::Impl {
  Impl(ServerOptions o, Routes routes, Authenticator& authenticator, const Clock& c,
       metrics::Registry& metrics)
      : options(std::move(o)),
        clock(c),
        tls(options.tls ? std::make_unique<TlsSource>(*options.tls) : nullptr),
        router(std::move(routes)),
        workers(options.worker_threads, options.max_queued),
        large_bodies(std::max(options.worker_threads / 2, 1), options.max_queued, give_memory_back),
        dispatcher({router, authenticator, workers, large_bodies}),
        body_memory(std::make_shared<BodyMemory>(
            BodyMemory::Limits{options.body_memory_bytes, options.body_memory_per_key_bytes,
                               options.body_memory_per_address_bytes},
            metrics)) {
    for (int i = 0; i < std::max(options.io_threads, 1); ++i) {
      threads.push_back(std::make_unique<IoThread>(IoThread::Collaborators{
          options, clock, router, dispatcher, metrics, open_connections, body_memory, tls.get()}));
    }
    listener = std::make_unique<Listener>(options, threads, open_connections);
  }

  const ServerOptions options;
  const Clock& clock;
  const std::unique_ptr<TlsSource> tls;  // Null: plain HTTP.
  const Router router;
  WorkerPool workers;
  WorkerPool large_bodies;
  const Dispatcher dispatcher;
  OpenConnections open_connections;
  std::shared_ptr<BodyMemory> body_memory;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::unique_ptr<Listener> listener;
  std::mutex mutex;  // Start and stop may come from different threads.
  bool running = false;
  bool is_shutdown_announced = false;
  int port = 0;
};

Server::Server(ServerOptions options, Routes routes, Authenticator& authenticator,
               const Clock& clock, metrics::Registry& metrics)
    : impl_(new Impl(std::move(options), std::move(routes), authenticator, clock, metrics)) {}

Server::~Server() { stop(); }

Result<void> Server::start() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->tls) TRY(impl_->tls->load(impl_->clock.now()));
  TRY(impl_->listener->bind());
  impl_->port = impl_->listener->port();
  ::mallopt(M_MMAP_THRESHOLD, own_block_bytes);
  impl_->listener->start();
  impl_->workers.start();
  impl_->large_bodies.start();
  for (const auto& thread : impl_->threads) thread->start();
  impl_->running = true;
  return {};
}

int Server::port() const { return impl_->port; }

TlsSource* Server::tls() const { return impl_->tls.get(); }

void Server::announce_shutdown() {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->running) return;
  impl_->is_shutdown_announced = true;
  for (const auto& thread : impl_->threads) thread->leave();
}

void Server::stop() {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->running) return;
  impl_->running = false;
  impl_->listener->close();
  // A proxy sends its request right after it has connected: the last ones are on their way.
  if (impl_->is_shutdown_announced) impl_->open_connections.wait_for_none(last_requests);
  for (const auto& thread : impl_->threads) thread->drain();
  impl_->open_connections.wait_for_none(std::chrono::milliseconds(impl_->options.drain_timeout_ms));
  impl_->workers.stop();
  impl_->large_bodies.stop();
  for (const auto& thread : impl_->threads) thread->stop();
}

}  // namespace florin::http

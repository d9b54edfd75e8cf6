#include "platform/http/transport.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace florin::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Transport::Status status_of(const error_code& failed) {
  if (!failed) return Transport::Status::done;
  if (failed == asio::error::eof) return Transport::Status::ended;
  if (failed == asio::error::would_block) return Transport::Status::would_block;
  return Transport::Status::failed;
}

class PlainTransport final : public Transport {
 public:
  PlainTransport(asio::io_context& io, int socket) : socket_(io) {
    error_code failed;
    socket_.assign(tcp::v4(), socket, failed);
    socket_.non_blocking(true, failed);
    socket_.set_option(tcp::no_delay(true), failed);
  }

  bool open(std::shared_ptr<User> /*user*/) override { return true; }

  void read(char* buffer, std::size_t size, std::shared_ptr<User> user) override {
    socket_.async_read_some(asio::buffer(buffer, size),
                            [user = std::move(user)](error_code failed, std::size_t count) {
                              user->on_read(status_of(failed), count);
                            });
  }

  Written write_some(std::string_view bytes) override {
    error_code failed;
    const std::size_t count = socket_.write_some(asio::buffer(bytes), failed);
    return {status_of(failed), count};
  }

  void write(std::string_view bytes, std::shared_ptr<User> user) override {
    asio::async_write(socket_, asio::buffer(bytes),
                      [user = std::move(user)](error_code failed, std::size_t) {
                        user->on_written(status_of(failed));
                      });
  }

  bool has_unread() override {
    error_code failed;
    return socket_.available(failed) > 0;
  }

  bool end_output() override {
    error_code failed;
    socket_.shutdown(tcp::socket::shutdown_send, failed);
    return !failed;
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  tcp::socket socket_;
};

}  // namespace

std::unique_ptr<Transport> plain_transport(asio::io_context& io, int socket) {
  return std::make_unique<PlainTransport>(io, socket);
}

}  // namespace florin::http

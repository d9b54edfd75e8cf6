#pragma once
#include <memory>

#include "platform/http/tls.h"
#include "platform/http/transport.h"

namespace florin::http {

/// Takes over an accepted, non-blocking socket; the handshake begins with open(). A client that
/// speaks plain HTTP is told so in plain HTTP. The process must ignore SIGPIPE.
std::unique_ptr<Transport> tls_transport(boost::asio::io_context& io, int socket,
                                         const std::shared_ptr<const TlsContext>& context);

}  // namespace florin::http

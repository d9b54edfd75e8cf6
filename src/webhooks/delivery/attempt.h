#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "events/events.h"
#include "platform/http_client/http_client.h"
#include "webhooks/delivery/delivery.h"
#include "webhooks/delivery/retry_decision.h"
#include "webhooks/delivery/signature.h"
#include "webhooks/endpoints/endpoint.h"

namespace florin::webhooks {

/// What is needed to call an endpoint.
struct Credentials {
  Signer signer;
  std::optional<http_client::ClientCertificate> certificate = {};
};

/// The request of one attempt: the payload as it is stored, signed now.
http_client::Request request_of(const Endpoint& endpoint, const Credentials& credentials,
                                const events::Event& event, Timestamp now);

/// The attempt as the log keeps it. `broken_status`: of an incomplete response.
Attempt attempt_of(const std::vector<http_client::Header>& sent,
                   const Result<http_client::Response>& received,
                   std::optional<int> broken_status = {});

AttemptResponse response_of(const Result<http_client::Response>& received, Timestamp now);

/// At most `max_bytes` of valid UTF-8; invalid bytes become U+FFFD, so that any body can be shown.
std::string as_utf8(std::string_view bytes, std::size_t max_bytes);

}  // namespace florin::webhooks

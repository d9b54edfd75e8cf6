#pragma once
#include <vector>

#include "app/config.h"

/// The settings of each part, in the order of the documentation.
namespace florin::app::setting {

std::vector<Setting> of_storage();
std::vector<Setting> of_server();
std::vector<Setting> of_tls();
std::vector<Setting> of_webhooks();
std::vector<Setting> of_hub();
std::vector<Setting> of_redis();
std::vector<Setting> of_sessions();
std::vector<Setting> of_kafka();

}  // namespace florin::app::setting

#pragma once
#include <vector>

#include "app/config.h"

/// The settings of each part, in the order of the documentation.
namespace florin::app::setting {

std::vector<Setting> of_storage();
std::vector<Setting> of_http();
std::vector<Setting> of_tls();  ///< They go on in the section of_http() began.
std::vector<Setting> of_node();
std::vector<Setting> of_webhooks();
std::vector<Setting> of_hub();
std::vector<Setting> of_redis();
std::vector<Setting> of_sessions();
std::vector<Setting> of_kafka();

}  // namespace florin::app::setting

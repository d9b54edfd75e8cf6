#include "platform/modules/services.h"

#include <gtest/gtest.h>

#include <string>

namespace florin::modules {
namespace {

TEST(Services, AreFoundByType) {
  Services services;
  std::string text = "text";
  const int number = 7;
  services.provide(text);
  services.provide(number);
  EXPECT_EQ(&services.get<std::string>(), &text);
  EXPECT_EQ(&services.get<const std::string>(), &text);
  EXPECT_EQ(services.get<const int>(), 7);
  EXPECT_EQ(services.find<int>(), nullptr) << "it was provided as const";
  EXPECT_EQ(services.find<double>(), nullptr);
}

TEST(ServicesDeathTest, AMissingOrSecondServiceEndsTheProcessAndNamesItsType) {
  Services services;
  int number = 7;
  services.provide(number);
  EXPECT_DEATH(services.get<double>(), "the service double is missing");
  EXPECT_DEATH(services.provide(number), "the service int is provided twice");
}

}  // namespace
}  // namespace florin::modules

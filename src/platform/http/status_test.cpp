#include "platform/http/status.h"

#include <gtest/gtest.h>

#include "platform/http/errors.h"

namespace florin::http {
namespace {

TEST(Status, IsThatOfTheKind) {
  const auto of = [](ErrorKind kind) { return status_of({kind, "some_code"}); };
  EXPECT_EQ(of(ErrorKind::invalid), 400);
  EXPECT_EQ(of(ErrorKind::unauthenticated), 401);
  EXPECT_EQ(of(ErrorKind::insufficient_funds), 402);
  EXPECT_EQ(of(ErrorKind::forbidden), 403);
  EXPECT_EQ(of(ErrorKind::not_found), 404);
  EXPECT_EQ(of(ErrorKind::conflict), 409);
  EXPECT_EQ(of(ErrorKind::rejected), 422);
  EXPECT_EQ(of(ErrorKind::limited), 429);
  EXPECT_EQ(of(ErrorKind::unavailable), 503);
  EXPECT_EQ(of(ErrorKind::internal), 500);
}

TEST(Status, WhatHttpRefusesHasTheStatusThatHttpHasForIt) {
  EXPECT_EQ(status_of(errors::method_not_allowed), 405);
  EXPECT_EQ(status_of(errors::request_timeout), 408);
  EXPECT_EQ(status_of(errors::body_too_large), 413);
  EXPECT_EQ(status_of(errors::unsupported_media_type), 415);
  EXPECT_EQ(status_of(errors::headers_too_large), 431);
  EXPECT_EQ(status_of(errors::route_not_found), 404);
}

}  // namespace
}  // namespace florin::http

#include "platform/log/log.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include "platform/log/line_writer.h"

namespace florin::log {
namespace {

/// What a process of its own writes to standard error while it logs and exits.
std::string logged(const std::function<void()>& run) {
  int pipe_ends[2];
  EXPECT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe_ends[1], STDERR_FILENO);
    ::close(pipe_ends[0]);
    run();
    std::exit(0);  // Not _exit: what waits must be flushed at exit.
  }
  ::close(pipe_ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(pipe_ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(pipe_ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return text;
}

TEST(Log, TextLinesCarryLevelMessageAndFields) {
  const std::string text = logged([] {
    info("transfer posted", {{"transfer_id", "tr_1"}, {"count", 3}, {"ok", true}});
  });
  EXPECT_NE(text.find(" info transfer posted transfer_id=tr_1 count=3 ok=true\n"),
            std::string::npos)
      << text;
}

TEST(Log, JsonLinesQuoteTextsAndLeaveNumbers) {
  const std::string text = logged([] {
    configure(Level::info, Format::json);
    info("posted", {{"id", "tr_1"}, {"count", 3}});
  });
  EXPECT_NE(text.find("\"level\":\"info\",\"message\":\"posted\",\"id\":\"tr_1\",\"count\":3}\n"),
            std::string::npos)
      << text;
}

TEST(Log, AValueCannotForgeALine) {
  for (const Format format : {Format::text, Format::json}) {
    const std::string text = logged([format] {
      configure(Level::info, format);
      info("request", {{"path", "/a\n2026-01-01 error forged \"x\"\x1b[31m"}});
    });
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_NE(text.find("\\u000a"), std::string::npos) << text;
  }
}

TEST(Log, LinesBelowTheLevelAreLeftOut) {
  const std::string text = logged([] {
    configure(Level::warn, Format::text);
    info("quiet");
    warn("loud");
  });
  EXPECT_EQ(text.find("quiet"), std::string::npos);
  EXPECT_NE(text.find("loud"), std::string::npos);
}

TEST(Log, ManyLinesAllArriveAtExit) {
  const std::string text = logged([] {
    for (int i = 0; i < 5'000; ++i) info("line", {{"i", i}});
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5'000);
}

std::string tell(std::uint64_t count) { return std::to_string(count) + " left out\n"; }

TEST(Log, WarningsDoNotWaitForOtherLines) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  LineWriter writer(pipe_ends[1], tell);
  writer.add("quiet\n", LineWriter::When::soon);
  writer.add("loud\n", LineWriter::When::now);
  std::string text;
  char buffer[64];
  while (text.find("loud\n") == std::string::npos) {
    const ssize_t count = ::read(pipe_ends[0], buffer, sizeof buffer);
    ASSERT_GT(count, 0);
    text.append(buffer, static_cast<std::size_t>(count));
  }
  EXPECT_EQ(text, "quiet\nloud\n");
  ::close(pipe_ends[0]);
}

TEST(Log, ASlowReaderCostsLinesAndIsToldHowMany) {
  constexpr int added = 200'000;
  const std::string line(99, 'x');
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  std::string text;
  std::thread reader;
  {
    LineWriter writer(pipe_ends[1], tell);
    for (int i = 0; i < added; ++i) writer.add(line + "\n", LineWriter::When::soon);
    reader = std::thread([&] {
      char buffer[65'536];
      for (ssize_t count = 0; (count = ::read(pipe_ends[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(count));
    });
  }
  ::close(pipe_ends[1]);
  reader.join();
  ::close(pipe_ends[0]);

  const std::string told = " left out\n";
  const std::size_t end = text.find(told);
  ASSERT_NE(end, std::string::npos);
  const std::size_t start = text.rfind('\n', end) + 1;
  const int left_out = std::stoi(text.substr(start, end - start));
  EXPECT_GT(left_out, 0);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n') - 1 + left_out, added);
}

}  // namespace
}  // namespace florin::log

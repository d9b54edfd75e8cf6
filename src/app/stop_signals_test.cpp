#include "app/stop_signals.h"

#include <gtest/gtest.h>
#include <pthread.h>

namespace florin::app {
namespace {

/// Signals to this thread, which waits for them; what the program does with them is put back.
class StopSignalsTest : public testing::Test {
 protected:
  StopSignalsTest() { pthread_sigmask(SIG_SETMASK, nullptr, &before_); }
  ~StopSignalsTest() override { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  static void send(int signal) { ASSERT_EQ(pthread_kill(pthread_self(), signal), 0); }
  static bool is_blocked(int signal) {
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    return sigismember(&blocked, signal) == 1;
  }

 private:
  sigset_t before_{};
};

TEST_F(StopSignalsTest, EitherSignalEndsTheWait) {
  const StopSignals signals;
  for (const int signal : {SIGINT, SIGTERM}) {
    send(signal);
    signals.wait();
    send(signal);
    signals.wait_for(std::chrono::hours(1));
  }
}

TEST_F(StopSignalsTest, AHangupReloadsAndTheWaitGoesOn) {
  const StopSignals signals(StopSignals::Hangup::reloads);
  int reloads = 0;
  send(SIGHUP);
  signals.wait([&] {
    if (++reloads < 3) return send(SIGHUP);
    send(SIGTERM);
  });
  EXPECT_EQ(reloads, 3);
}

TEST_F(StopSignalsTest, AHangupIsTakenOnlyWhereItReloads) {
  ASSERT_FALSE(is_blocked(SIGHUP));
  const StopSignals ends;
  EXPECT_FALSE(is_blocked(SIGHUP)) << "it ends the program";
  EXPECT_TRUE(is_blocked(SIGINT));
  EXPECT_TRUE(is_blocked(SIGTERM));
  const StopSignals reloads(StopSignals::Hangup::reloads);
  EXPECT_TRUE(is_blocked(SIGHUP));
}

TEST_F(StopSignalsTest, AClientThatWentAwayDoesNotEndTheProgram) {
  const StopSignals signals;
  send(SIGPIPE);
  send(SIGXFSZ);
}

}  // namespace
}  // namespace florin::app

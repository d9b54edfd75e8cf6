#pragma once
#include "app/config.h"
#include "app/doctor/doctor_report.h"

namespace florin {
class Clock;
}

namespace florin::app {

/// Checks what the server depends on, with advice where something is wrong: the machine, the
/// settings, the database and who works on it. Writes no rows.
DoctorReport examine(const Config& config, const Clock& clock);

}  // namespace florin::app

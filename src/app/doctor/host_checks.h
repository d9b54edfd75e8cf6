#pragma once
#include "app/config.h"
#include "app/doctor/doctor_report.h"

namespace florin {
class Clock;
}

namespace florin::app {

/// The machine: clock, disk, speed of a flush, open files, memory.
void check_host(const Config& config, const Clock& clock, DoctorReport& report);
/// The settings: what is open to the world, what is not limited, secrets that are none.
void check_settings(const Config& config, const Clock& clock, DoctorReport& report);

}  // namespace florin::app

#pragma once
#include <string_view>

#include "base/result.h"
#include "platform/http/route.h"
#include "sandbox/books.h"
#include "sandbox/fault_stage.h"

namespace florin::json {
class Writer;
}

namespace florin::sandbox {

/// `/sandbox/faults` of a simulator: POST adds a rule, GET lists what is left, DELETE removes all.
/// The routes refer to the stage.
http::Routes control_routes(FaultStage& stage);

/// A rule of POST /sandbox/faults. Errors: malformed_json, validation_failed.
Result<FaultRule> parse_fault_rule(std::string_view body);
/// A player of POST /sandbox/players. Errors: malformed_json, validation_failed.
Result<PlayerBalance> parse_player(std::string_view body);

/// The members of GET /sandbox/state, into the object that the writer is in.
void write_stage(json::Writer& writer, const FaultStage& stage);
void write_books(json::Writer& writer, const BooksState& books, const RowPage& rows);
void write_player(json::Writer& writer, const PlayerBalance& player);

}  // namespace florin::sandbox

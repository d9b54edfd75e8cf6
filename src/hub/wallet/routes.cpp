#include "hub/wallet/routes.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/page_work.h"
#include "base/try.h"
#include "hub/errors.h"
#include "hub/partners/authentication.h"
#include "hub/wallet/answers.h"
#include "hub/wallet/books.h"
#include "hub/wallet/internal_wallet.h"
#include "hub/wallet/json.h"
#include "hub/wallet/operator_wallet.h"
#include "hub/wallet/requests.h"
#include "hub/wallet/store.h"
#include "idempotency/idempotency.h"
#include "ledger/ledger_service.h"
#include "platform/json/object_reader.h"
#include "platform/json/writer.h"
#include "platform/sql/database.h"

namespace florin::hub {
namespace {

using http::Request;
using http::Responder;
using http::Response;
using json::Writer;

constexpr std::size_t max_body_bytes = 64 << 10;

Response balance_response(std::string_view player, const Currency& currency, std::int64_t balance) {
  std::string body;
  Writer(body)
      .begin_object()
      .member("status", "OK")
      .member("playerId", player)
      .member("currency", currency.code())
      .member("balanceCents", balance)
      .end_object();
  return Response::ok(std::move(body));
}

Error no_player() { return {errors::player_not_found, "there is no wallet of this player"}; }

/// What staff decides about a stuck transaction.
struct Decision {
  enum class Kind : std::uint8_t { completed, not_booked, retry };
  Kind kind = Kind::retry;
  std::optional<std::int64_t> balance_minor;
};

Result<Decision> read_decision(const Request& request) {
  const json::Value document = TRY(json::parse(request.body));
  std::vector<FieldError> problems;
  json::ObjectReader body(document, "", problems);
  const auto word = body.required_text("decision", {1, 32});
  Decision decision;
  decision.balance_minor = body.optional_integer("balanceCents");
  if (word == "completed") {
    decision.kind = Decision::Kind::completed;
  } else if (word == "not_booked") {
    decision.kind = Decision::Kind::not_booked;
  } else if (word && word != "retry") {
    body.problem("decision", "unknown_value", "must be one of completed, not_booked, retry");
  }
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return decision;
}

Resolution resolution_of(const Decision& decision, Kind kind) {
  Resolution resolution;
  switch (decision.kind) {
    case Decision::Kind::completed:
      resolution.answer.meaning = operators::Meaning::done;
      resolution.answer.balance_minor = decision.balance_minor;
      break;
    case Decision::Kind::not_booked:
      resolution.kind = kind == Kind::debit ? Resolution::Kind::undone : Resolution::Kind::answered;
      resolution.answer.meaning = operators::Meaning::refused;
      resolution.answer.refusal =
          Error{errors::operator_refused, "decided by hand: the Operator has not booked it"};
      break;
    case Decision::Kind::retry:
      resolution.answer.meaning = operators::Meaning::unknown;
      break;
  }
  return resolution;
}

/// Everything the handlers share.
struct Handlers {
  WalletParts parts;

  void move(const Request& request, const Responder& responder, Kind kind) const;
  void balance(const Request& request, const Responder& responder) const;
  void internal_balance(PartnerPtr partner, requests::BalanceRequest question,
                        const Responder& responder) const;
  void operator_balance(const PartnerPtr& partner, requests::BalanceRequest question,
                        const Responder& responder) const;
  Result<Response> transactions_of_partner(const Request& request) const;
  Result<Response> transactions_of_tenant(const Request& request) const;
  Result<Response> decide(const Request& request) const;
  Result<Response> list(const Request& request, TenantId tenant,
                        std::optional<PartnerId> partner) const;
};

void Handlers::move(const Request& request, const Responder& responder, Kind kind) const {
  auto caller = authenticate(parts.partners, request, parts.clock.now());
  if (!caller) return responder.send(std::move(caller).error());
  auto movement = requests::movement(request, *caller, kind);
  if (!movement) return responder.send(std::move(movement).error());
  const PartnerPtr& partner = caller->partner;
  const idempotency::Key key{
      idempotency::digest_of({"hub", partner->partner.code, to_word(kind), movement->key}),
      movement->request, idempotency::Lifetime::forever};
  auto entered = parts.idempotency.in_flight().enter(key);
  if (!entered) return responder.send(std::move(entered).error());
  auto ticket = std::make_shared<idempotency::InFlight::Ticket>(*std::move(entered));
  const auto done = [ticket, responder](Result<MovementResult> settled) {
    ticket->release();  // The row is committed: from now on it is a replay.
    responder.send_rendered([settled = std::move(settled)]() -> Result<Response> {
      if (!settled) return settled.error();
      return answer_of(*settled);
    });
  };
  if (partner->partner.mode == WalletMode::internal) {
    parts.internal.submit(partner, *std::move(movement), done);
  } else {
    parts.operator_wallet.submit(partner, *std::move(movement), done);
  }
}

void Handlers::balance(const Request& request, const Responder& responder) const {
  auto caller = authenticate(parts.partners, request, parts.clock.now());
  if (!caller) return responder.send(std::move(caller).error());
  auto question = requests::balance(request, caller->partner->partner);
  if (!question) return responder.send(std::move(question).error());
  if (caller->partner->partner.mode == WalletMode::internal) {
    internal_balance(caller->partner, *std::move(question), responder);
  } else {
    operator_balance(caller->partner, *std::move(question), responder);
  }
}

/// Read where the movements are written: it stands behind those that were sent before it.
void Handlers::internal_balance(PartnerPtr partner, requests::BalanceRequest question,
                                const Responder& responder) const {
  auto found = std::make_shared<std::optional<ledger::Account>>();
  auto asked = std::make_shared<const requests::BalanceRequest>(std::move(question));
  parts.database.submit(
      [ledger = &parts.ledger, partner = std::move(partner), asked,
       found](sql::Tx& tx) -> Result<void> {
        const Partner& owner = partner->partner;
        tx.see_only(owner.tenant.value);
        *found = TRY(ledger->find_account(
            tx, owner.tenant, {{}, books::wallet_code(owner, asked->player, asked->currency)}));
        return {};
      },
      [asked, found, responder](const Result<void>& read) {
        if (!read) return responder.send(read.error());
        if (!*found) return responder.send(no_player());
        const ledger::Account& wallet = **found;
        responder.send(balance_response(asked->player, asked->currency,
                                        ledger::balance_of(wallet.type, wallet.sums)));
      },
      sql::Undo::batch);
}

void Handlers::operator_balance(const PartnerPtr& partner, requests::BalanceRequest question,
                                const Responder& responder) const {
  operators::Call call;
  call.operation = operators::Operation::balance;
  call.player = question.player;
  call.currency = question.currency;
  parts.client.call(
      operators::Target::of(*partner), std::move(call),
      [question = std::move(question), responder](const operators::Answer& answer) {
        if (answer.meaning == operators::Meaning::refused) return responder.send(*answer.refusal);
        if (answer.meaning == operators::Meaning::not_found) return responder.send(no_player());
        if (answer.meaning != operators::Meaning::done || !answer.balance_minor) {
          std::string detail = "the Operator did not answer with a balance";
          if (!answer.detail.empty()) detail += ": " + answer.detail;
          return responder.send(Error{errors::operator_unavailable, std::move(detail), {}, 1});
        }
        responder.send(balance_response(question.player, question.currency, *answer.balance_minor));
      });
}

// ---------------------------------------------------------------- lists

Result<Response> Handlers::list(const Request& request, TenantId tenant,
                                std::optional<PartnerId> partner) const {
  store::Filter filter = TRY(requests::transaction_filter(request));
  filter.partner = partner;
  const PageRequest page = TRY(http::parse_page(request));
  const auto found =
      TRY(parts.database.read([&](sql::Tx& tx) { return store::list(tx, tenant, filter, page); }));
  std::vector<std::string> rows;
  for (const WalletTransaction& row : found.rows) {
    const PartnerPtr owner = parts.partners.by_id(row.partner);
    append_json(rows.emplace_back(), row, owner ? owner->partner.code : "");
  }
  return http::list_response(request, rows, found.next);
}

Result<Response> Handlers::transactions_of_partner(const Request& request) const {
  const SignedCall caller = TRY(authenticate(parts.partners, request, parts.clock.now()));
  // A partner's signature says whose caller it is; the server, which goes by API keys, did not
  // know.
  const sql::TenantScope scope(caller.partner->partner.tenant.value);
  return list(request, caller.partner->partner.tenant, caller.partner->partner.id);
}

Result<Response> Handlers::transactions_of_tenant(const Request& request) const {
  return list(request, request.caller.tenant, std::nullopt);
}

// ---------------------------------------------------------------- by hand

Result<Response> Handlers::decide(const Request& request) const {
  const Decision decision = TRY(read_decision(request));
  const auto id = WalletTransactionId::parse(request.path_param("id"));
  const Actor actor = request.actor();
  return parts.idempotency.run(
      request, idempotency::Lifetime::forever, [&](sql::Tx& tx) -> Result<Response> {
        const auto found = id ? TRY(store::find(tx, request.caller.tenant, *id)) : std::nullopt;
        const PartnerPtr partner = found ? parts.partners.by_id(found->partner) : nullptr;
        if (!partner) {
          return Error{errors::wallet_transaction_not_found,
                       "there is no wallet transaction of this id"};
        }
        if (!found->is_stuck || found->state != State::pending) {
          return Error{errors::transaction_not_stuck,
                       "only a transaction that the resolver has given up on is decided by hand"};
        }
        const MovementResult settled = TRY(parts.settlement.conclude(
            tx, partner->partner, *id, resolution_of(decision, found->kind), actor));
        std::string body;
        append_json(body, settled.transaction, partner->partner.code);
        return Response::ok(std::move(body));
      });
}

}  // namespace

http::Routes wallet_routes(const WalletParts& parts) {
  const auto handlers = std::make_shared<const Handlers>(Handlers{parts});
  const std::string signature = "partner_signature";
  const auto movement = [&handlers, &signature](const char* pattern, Kind kind) {
    http::HotHandler handler = [handlers, kind](const Request& request,
                                                const Responder& responder) {
      handlers->move(request, responder, kind);
    };
    http::Route route{"POST",        pattern, "", std::move(handler), {}, http::Body::by_method,
                      max_body_bytes};
    return http::behind(signature, http::with_key(std::move(route), http::TakesKey::must));
  };
  const auto sync = http::sync_of(handlers);
  constexpr auto time = http::QueryParam::Kind::time;
  const http::Query filters{"limit",
                            "cursor",
                            "playerId",
                            "refId",
                            "idempotencyKey",
                            http::word_param<State>("status"),
                            http::word_param<Kind>("kind"),
                            {"created_after", time},
                            {"created_before", time},
                            http::flag_param("stuck")};
  http::HotHandler balance = [handlers](const Request& request, const Responder& responder) {
    handlers->balance(request, responder);
  };
  return {
      movement("/wallet/debit", Kind::debit),
      movement("/wallet/credit", Kind::credit),
      movement("/wallet/rollback", Kind::rollback),
      http::behind(signature, {"POST",
                               "/wallet/balance",
                               "",
                               std::move(balance),
                               {},
                               http::Body::by_method,
                               max_body_bytes}),
      http::behind(signature, {"GET", "/wallet/transactions", "",
                               sync(&Handlers::transactions_of_partner), filters}),
      {"GET", "/v1/wallet-transactions", "hub:read", sync(&Handlers::transactions_of_tenant),
       filters},
      {"POST", "/v1/wallet-transactions/{id}/decide", "hub:write", sync(&Handlers::decide)},
  };
}

}  // namespace florin::hub

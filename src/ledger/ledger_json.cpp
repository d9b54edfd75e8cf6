#include "ledger/ledger_json.h"

#include <algorithm>

#include "ledger/account_fields.h"
#include "platform/json/writer.h"

namespace florin::ledger {
namespace {

using json::Writer;

template <class Tag>
void write_id(Writer& writer, std::string_view name, Id<Tag> id) {
  if (id) {
    writer.member(name, id.str());
  } else {
    writer.key(name).null();
  }
}

void write_text(Writer& writer, std::string_view name, const std::optional<std::string>& text) {
  if (text) {
    writer.member(name, *text);
  } else {
    writer.key(name).null();
  }
}

void write_details(Writer& writer, const TransferDetails& details) {
  write_text(writer, "reference", details.reference);
  write_text(writer, "description", details.description);
  writer.member_raw("metadata", details.metadata);
}

void write_posting(Writer& writer, const Posting& posting) {
  writer.member("debit", posting.debit.str()).member("credit", posting.credit.str());
  writer.member("amount", posting.amount.minor).member("currency", posting.amount.currency.code());
}

enum class TransferView { posted, read_back, dry_run };

/// What is only known when a transfer is read back.
struct ReadBack {
  TransferId reversed_by;
  const std::vector<PostingBalances>* balances = nullptr;
};

void write_transfer(std::string& out, const Transfer& transfer, TransferView view,
                    const ReadBack& read_back = {}) {
  Writer writer(out);
  writer.begin_object();
  if (view != TransferView::dry_run) writer.member("id", transfer.id.str());
  writer.member("kind", to_word(transfer.kind));
  writer.member("status", view == TransferView::dry_run ? "dry_run" : "posted");
  writer.key("postings").begin_array();
  for (std::size_t i = 0; i < transfer.postings.size(); ++i) {
    writer.begin_object();
    write_posting(writer, transfer.postings[i]);
    if (read_back.balances && i < read_back.balances->size()) {
      const PostingBalances& after = (*read_back.balances)[i];
      writer.member("debit_balance", after.debit).member("credit_balance", after.credit);
    }
    writer.end_object();
  }
  writer.end_array();
  write_details(writer, transfer.details);
  writer.member("effective_at", transfer.effective_at.rfc3339());
  writer.member("created_at", transfer.created_at.rfc3339());
  write_id(writer, "hold_id", transfer.hold);
  write_id(writer, "reverses", transfer.reverses);
  if (view == TransferView::read_back) write_id(writer, "reversed_by", read_back.reversed_by);
  writer.end_object();
}

/// How much of a hold is there, and how much is only tried.
enum class HoldView { stored, tried, not_made };

void write_hold_members(Writer& writer, const Hold& hold, HoldView view) {
  if (view != HoldView::not_made) writer.member("id", hold.id.str());
  writer.member("status", view == HoldView::stored ? to_word(hold.status) : "dry_run");
  writer.key("postings").begin_array();
  for (const HoldPosting& held : hold.postings) {
    writer.begin_object();
    write_posting(writer, held.posting);
    writer.member("remaining", held.remaining).end_object();
  }
  writer.end_array();
  write_details(writer, hold.details);
  write_text(writer, "expires_at",
             hold.expires_at ? std::optional(hold.expires_at->rfc3339()) : std::nullopt);
  writer.member("created_at", hold.created_at.rfc3339());
}

void write_hold(std::string& out, const Hold& hold, HoldView view) {
  Writer writer(out);
  writer.begin_object();
  write_hold_members(writer, hold, view);
  writer.end_object();
}

void write_capture(std::string& out, const Capture& capture, HoldView hold, TransferView view) {
  std::string transfer;
  write_transfer(transfer, capture.transfer, view);
  Writer writer(out);
  writer.begin_object();
  write_hold_members(writer, capture.hold, hold);
  writer.member_raw("transfer", transfer).end_object();
}

/// The id is that of the transfer where there is one, else that of the hold.
void write_done(Writer& writer, const BulkDone& done, bool is_dry_run) {
  if (is_dry_run) {
    writer.member("status", "dry_run");
  } else if (done.transfer) {
    writer.member("status", "posted").member("id", done.transfer.str());
    if (done.hold) writer.member("hold_id", done.hold.str());
  } else {
    const bool is_held = done.hold_status == HoldStatus::open;
    writer.member("status", is_held ? "held" : "released").member("id", done.hold.str());
  }
}

void write_bulk(std::string& out, const BulkResult& result, bool is_dry_run) {
  const auto posted =
      std::count_if(result.items.begin(), result.items.end(),
                    [](const BulkItem& item) { return std::holds_alternative<BulkDone>(item); });
  Writer writer(out);
  writer.begin_object();
  if (is_dry_run) writer.member("status", "dry_run");
  writer.member("posted", static_cast<std::int64_t>(posted));
  writer.member("refused", static_cast<std::int64_t>(result.items.size()) - posted);
  writer.key("results").begin_array();
  std::int64_t index = 0;
  for (const BulkItem& item : result.items) {
    writer.begin_object().member("index", index++);
    if (const auto* done = std::get_if<BulkDone>(&item)) {
      write_done(writer, *done, is_dry_run);
    } else {
      const Error& error = std::get<Error>(item);
      writer.member("status", "refused")
          .member("code", error.code.name)
          .member("detail", error.detail);
    }
    writer.end_object();
  }
  writer.end_array().end_object();
}

}  // namespace

void append_json(std::string& out, const Account& account) {
  Writer writer(out);
  writer.begin_object();
  json::write_members(account_fields(), writer, account);
  writer.end_object();
}

void append_json(std::string& out, const Transfer& transfer) {
  write_transfer(out, transfer, TransferView::posted);
}

void append_json(std::string& out, const Transfer& transfer, TransferId reversed_by,
                 const std::vector<PostingBalances>& balances) {
  write_transfer(out, transfer, TransferView::read_back, {reversed_by, &balances});
}

void append_json(std::string& out, const Hold& hold) { write_hold(out, hold, HoldView::stored); }

void append_json(std::string& out, const Capture& capture) {
  write_capture(out, capture, HoldView::stored, TransferView::posted);
}

void append_json(std::string& out, const BulkResult& result) { write_bulk(out, result, false); }

void append_dry_run_json(std::string& out, const Transfer& transfer) {
  write_transfer(out, transfer, TransferView::dry_run);
}

void append_dry_run_json(std::string& out, const Capture& capture) {
  write_capture(out, capture, HoldView::tried, TransferView::dry_run);
}

void append_dry_run_json(std::string& out, const BulkResult& result) {
  write_bulk(out, result, true);
}

void append_dry_run_json(std::string& out, const Hold& hold, bool is_new) {
  write_hold(out, hold, is_new ? HoldView::not_made : HoldView::tried);
}

}  // namespace florin::ledger

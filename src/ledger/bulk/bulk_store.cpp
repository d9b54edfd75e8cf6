#include "ledger/bulk/bulk_store.h"

#include "base/try.h"
#include "platform/sql/database.h"
#include "platform/sql/words.h"

namespace florin::ledger::bulk::store {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;
using sql::Tx;

constexpr Query bulk_insert{
    "ledger.large_bulk_insert",
    "INSERT INTO large_bulks (id, tenant_id, actor, request_id, node, state, created_at_us)"
    " VALUES ($1, $2, $3, $4, $5, 'prepared', $6)"};
constexpr Query slice_insert{
    "ledger.large_bulk_slice_insert",
    "INSERT INTO large_bulk_slices (bulk_id, place, rows) VALUES ($1, $2, $3)"};
constexpr Query bulk_promise{"ledger.large_bulk_promise",
                             "UPDATE large_bulks SET state = 'promised' WHERE id = $1"};
constexpr Query slice_first{
    "ledger.large_bulk_slice_first",
    "SELECT place, rows FROM large_bulk_slices WHERE bulk_id = $1 ORDER BY place LIMIT 1"};
constexpr Query slice_delete{"ledger.large_bulk_slice_delete",
                             "DELETE FROM large_bulk_slices WHERE bulk_id = $1 AND place = $2"};
constexpr Query slices_delete{"ledger.large_bulk_slices_delete",
                              "DELETE FROM large_bulk_slices WHERE bulk_id = $1"};
constexpr Query bulk_delete{"ledger.large_bulk_delete", "DELETE FROM large_bulks WHERE id = $1"};
constexpr Query all_bulks{
    "ledger.large_bulks",
    "SELECT id, tenant_id, actor, request_id, node, state, created_at_us FROM large_bulks"
    " ORDER BY id"};
constexpr sql::Words<bool, 2> states{{{"promised", true}, {"prepared", false}}};
constexpr Query promised_of_all{"ledger.large_bulk_of_all",
                                "SELECT 1 FROM large_bulks WHERE state = 'promised' LIMIT 1"};
constexpr Query promised_of_tenant{
    "ledger.large_bulk_of_tenant",
    "SELECT 1 FROM large_bulks WHERE tenant_id = $1 AND state = 'promised' LIMIT 1"};

}  // namespace

Result<void> insert(Tx& tx, const Header& header) {
  return tx.send(bulk_insert, {header.id, header.actor.tenant.value, header.actor.name,
                               header.actor.request_id, header.node, header.created_at.us});
}

Result<void> insert_slice(Tx& tx, std::int64_t bulk, std::int64_t place, std::string_view bytes) {
  return tx.send(slice_insert, {bulk, place, Param::blob(bytes)});
}

Result<bool> promise(Tx& tx, std::int64_t bulk) { return TRY(tx.exec(bulk_promise, {bulk})) == 1; }

Result<std::optional<StoredSlice>> next_slice(Tx& tx, std::int64_t bulk) {
  std::optional<Result<Slice>> decoded;
  std::int64_t place = 0;
  TRY(tx.query(slice_first, {bulk}, [&](const Row& row) {
    place = row.integer(0);
    decoded = decode(row.blob(1));
    return false;
  }));
  if (!decoded) return std::optional<StoredSlice>();
  return std::optional(StoredSlice{place, TRY(std::move(*decoded))});
}

Result<void> remove_slice(Tx& tx, std::int64_t bulk, std::int64_t place) {
  return tx.send(slice_delete, {bulk, place});
}

Result<void> remove(Tx& tx, std::int64_t bulk) {
  TRY(tx.send(slices_delete, {bulk}));
  return tx.send(bulk_delete, {bulk});
}

Result<std::vector<Header>> list(Tx& tx) {
  std::vector<Header> all;
  TRY(tx.query(all_bulks, {}, [&](const Row& row) {
    all.push_back({row.integer(0),
                   {{row.integer(1)}, std::string(row.text(2)), std::string(row.text(3))},
                   static_cast<int>(row.integer(4)),
                   sql::word(row, 5, "large_bulks.state", states),
                   {row.integer(6)}});
    return true;
  }));
  return all;
}

Result<bool> are_all_written_out(Tx& tx) {
  bool found = false;
  TRY(tx.query(promised_of_all, {}, [&](const Row&) { return !(found = true); }));
  return !found;
}

Result<bool> is_writing_out(Tx& tx, TenantId tenant) {
  bool found = false;
  TRY(tx.query(promised_of_tenant, {tenant.value}, [&](const Row&) { return !(found = true); }));
  return found;
}

}  // namespace florin::ledger::bulk::store

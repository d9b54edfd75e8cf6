#include "idempotency/key.h"

#include <algorithm>

#include "idempotency/errors.h"
#include "platform/crypto/hash.h"

namespace florin::idempotency {

Digest digest_of(std::initializer_list<std::string_view> pieces) {
  std::string text;
  for (const std::string_view piece : pieces) {
    const std::uint64_t size = piece.size();
    text.append(reinterpret_cast<const char*>(&size), sizeof size);
    text += piece;
  }
  const crypto::Sha256 full = crypto::sha256(text);
  Digest digest;
  std::copy_n(full.begin(), digest.size(), digest.begin());
  return digest;
}

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool is_remembered(const Error& error) {
  if (error.code == errors::idempotency_mismatch || error.code == errors::request_in_progress)
    return false;
  return error.code.kind == ErrorKind::rejected ||
         error.code.kind == ErrorKind::insufficient_funds || error.code.kind == ErrorKind::conflict;
}

Result<Record> replay_of(const Record& record, const Key& key) {
  if (record.request == key.request) return record;
  return Error{errors::idempotency_mismatch,
               "this Idempotency-Key was used with another request; use a new key"};
}

}  // namespace florin::idempotency

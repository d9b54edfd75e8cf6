#include "platform/sql/damage.h"

#include "base/try.h"
#include "platform/sql/database.h"

namespace florin::sql {

Result<void> damage(Database& database, const std::string& sql) {
  constexpr std::string_view drop_checks =
      "DO $$ DECLARE c record; BEGIN FOR c IN SELECT conrelid::regclass AS of, conname FROM"
      " pg_constraint WHERE contype = 'c' AND connamespace = current_schema()::regnamespace LOOP"
      " EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.of, c.conname); END LOOP; END $$";
  return database.write([&](Tx& tx) -> Result<void> {
    if (tx.dialect() == Dialect::postgres) {
      TRY(tx.exec_script(drop_checks));
      return tx.exec_script(sql);
    }
    TRY(tx.exec_script("PRAGMA ignore_check_constraints = ON"));
    const auto written = tx.exec_script(sql);
    TRY(tx.exec_script("PRAGMA ignore_check_constraints = OFF"));
    return written;
  });
}

}  // namespace florin::sql

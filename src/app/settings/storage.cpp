#include "app/settings/kinds.h"
#include "app/settings/modules.h"

namespace florin::app::setting {
namespace {

Setting database_url() {
  Setting setting =
      text("database.url", "FLORIN_DATABASE_URL",
           "The database: sqlite:PATH, or postgres://USER:PASSWORD@HOST:PORT/NAME with "
           "libpq's parameters and ours behind a question mark. Default: the server "
           "of DB_HOST, else florin.db in the data folder.",
           [](Config& c) -> std::string& { return c.database_url; });
  setting.get = [](const Config& config) { return config.shown_database_url(); };
  return setting;
}

}  // namespace

std::vector<Setting> of_storage() {
  return {
      text("data.dir", "FLORIN_DATA", "Folder for everything Florin keeps on disk.",
           [](Config& c) -> std::string& { return c.data_dir; }),
      optional_text("anchor.file", "FLORIN_ANCHOR_FILE",
                    "File in which the server keeps the signed end of the books; best on another "
                    "disk. Default: anchor.json in the data folder.",
                    [](Config& c) -> std::string& { return c.ledger.anchor_file; }),
      database_url(),
      text("database.host", "DB_HOST",
           "Host of a PostgreSQL server, or the folder of its socket; database.url goes first.",
           [](Config& c) -> std::string& { return c.database_server.host; }),
      number<int>("database.port", "DB_PORT", "Port of that server, 1 to 65535.", 1, 65'535,
                  [](Config& c) -> int& { return c.database_server.port; }),
      text("database.name", "DB_NAME", "Name of the database on that server.",
           [](Config& c) -> std::string& { return c.database_server.name; }),
      text("database.user", "DB_USER", "User on that server.",
           [](Config& c) -> std::string& { return c.database_server.user; }),
      secret("database.password", "DB_PASSWORD", "Password of that user.", at_least(1),
             [](Config& c) -> Secret& { return c.database_server.password; }),
      optional_text("database.sslmode", "DB_SSLMODE",
                    "TLS to that server: disable, prefer, require, verify-ca or verify-full. "
                    "Default: prefer.",
                    [](Config& c) -> std::string& { return c.database_server.sslmode; }),
      optional_text("database.sslrootcert", "DB_SSLROOTCERT",
                    "PEM file of the authority that the server's certificate must be of.",
                    [](Config& c) -> std::string& { return c.database_server.sslrootcert; }),
      optional_text("database.sslcert", "DB_SSLCERT",
                    "PEM file of our certificate, where the server asks for one.",
                    [](Config& c) -> std::string& { return c.database_server.sslcert; }),
      optional_text("database.sslkey", "DB_SSLKEY",
                    "PEM file of that certificate's key, readable by its owner alone.",
                    [](Config& c) -> std::string& { return c.database_server.sslkey; }),
  };
}

}  // namespace florin::app::setting

#include "app/config.h"
#include "app/settings/sections.h"

namespace florin::app::sections {
namespace {

using config::number;
using config::optional_text;
using config::path;
using config::text;

template <class M>
auto server(M DatabaseServer::*member) {
  return path(&Config::database_server, member);
}

/// It shows what is in effect, also when it is made of the other settings.
config::Entry<Config> database_url() {
  auto entry = text("url", &Config::database_url,
                    "The database: sqlite:PATH, or postgres://USER:PASSWORD@HOST:PORT/NAME with "
                    "libpq's parameters and ours behind a question mark. Default: the server of "
                    "DB_HOST, else florin.db in the data folder",
                    {.env = "FLORIN_DATABASE_URL"});
  entry.get = [](const Config& config) { return config.shown_database_url(); };
  return entry;
}

}  // namespace

config::Section data() {
  return config::section<Config>(
      "data", {text("dir", &Config::data_dir, "Folder for everything Florin keeps on disk",
                    {.env = "FLORIN_DATA"})});
}

config::Section database() {
  return config::section<Config>(
      "database",
      {database_url(),
       text("host", server(&DatabaseServer::host),
            "Host of a PostgreSQL server, or the folder of its socket; database.url goes first"),
       number("port", server(&DatabaseServer::port), {1, 65'535}, "Port of that server"),
       text("name", server(&DatabaseServer::name), "Name of the database on that server"),
       text("user", server(&DatabaseServer::user), "User on that server"),
       config::secret("password", server(&DatabaseServer::password), config::at_least(1),
                      "Password of that user"),
       optional_text("sslmode", server(&DatabaseServer::sslmode),
                     "TLS to that server: disable, prefer, require, verify-ca or verify-full. "
                     "Default: prefer"),
       optional_text("sslrootcert", server(&DatabaseServer::sslrootcert),
                     "PEM file of the authority that the server's certificate must be of"),
       optional_text("sslcert", server(&DatabaseServer::sslcert),
                     "PEM file of our certificate, where the server asks for one"),
       optional_text("sslkey", server(&DatabaseServer::sslkey),
                     "PEM file of that certificate's key, readable by its owner alone")},
      nullptr, "DB_");
}

config::Section log() {
  using Level = florin::log::Level;
  using Format = florin::log::Format;
  return config::section<Config>(
      "log",
      {config::word("level", &Config::log_level,
                    {{"debug", Level::debug},
                     {"info", Level::info},
                     {"warn", Level::warn},
                     {"error", Level::error},
                     {"off", Level::off}},
                    "Least level that is logged"),
       config::word("format", &Config::log_format, {{"text", Format::text}, {"json", Format::json}},
                    "Form of a log line")});
}

config::Section node() {
  return config::section<Config>(
      "node", {number("id", &Config::node_id, {0, 1'023},
                      "Number of this process among those on one database"),
               number("lease_seconds", &Config::lease_seconds, {2, 300},
                      "Silent for so long a node counts as dead, and others take over its work")});
}

config::Section security() {
  return config::section<Config>(
      "security",
      {config::secret("encryption_key", &Config::encryption_key, config::at_least(16),
                      "Seals secrets in the database, 16 characters or more, hard to guess. "
                      "Default: the content of secret.key in the data folder, which is made at the "
                      "first start",
                      {.env = "ENCRYPTION_KEY"})});
}

}  // namespace florin::app::sections

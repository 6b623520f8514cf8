#include "tests/ops/soft_token.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "events/check.h"
#include "ops/secret_file.h"

namespace oppi::ops {
namespace {

bool Ran(const std::string& command) { return std::system((command + " > /dev/null 2>&1").c_str()) == 0; }

}  // namespace

bool SoftToken::Installed() {
  return std::filesystem::exists(kModule) && Ran("command -v softhsm2-util") && Ran("command -v pkcs11-tool");
}

SoftToken::SoftToken() {
  std::filesystem::create_directory(folder_ / "tokens");
  Configure("directories.tokendir = " + folder_ / "tokens");
  OPPI_CHECK(::setenv("SOFTHSM2_CONF", (folder_ / "softhsm2.conf").c_str(), 1) == 0);
  OPPI_CHECK(Ran(std::string("softhsm2-util --init-token --free --label ") + kLabel + " --so-pin 97531975 --pin " + kPin));
}

bool SoftToken::Tool(const std::string& arguments) const {
  return Ran(std::string("pkcs11-tool --module ") + kModule + " --token-label " + kLabel + " --login --pin " + kPin + " " + arguments);
}

void SoftToken::Configure(const std::string& line) {
  std::ofstream(folder_ / "softhsm2.conf", std::ios::app) << line << "\n";
}

std::string SoftToken::PinFile(const std::string& pin) const {
  const std::string path = folder_ / ("pin-" + pin);
  const Status written = WriteSecretFile(path, pin + "\n");
  OPPI_CHECK(written.ok() || written.error().code == Code::kAlreadyExists);
  return path;
}

}  // namespace oppi::ops

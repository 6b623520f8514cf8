#pragma once

#include <string>

#include "ops/pkcs11_master.h"
#include "tests/support/temp_folder.h"

/// A token in software (SoftHSM), in a folder of its own, reached as any other PKCS#11 token is.

namespace oppi::ops {

class SoftToken {
 public:
  static constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";
  static constexpr const char* kLabel = "vault";
  static constexpr const char* kPin = "246813";

  /// Whether SoftHSM and OpenSC are here; ops/setup installs them.
  [[nodiscard]] static bool Installed();

  SoftToken();
  [[nodiscard]] Pkcs11Place Place(const std::string& key = "master") const { return {kModule, kLabel, key}; }
  /// pkcs11-tool on this token, logged in. Exit code 0?
  bool Tool(const std::string& arguments) const;
  /// A line in the settings of SoftHSM, as in "slots.mechanisms = CKM_AES_CBC".
  void Configure(const std::string& line);
  /// The PIN, or another, in a file with mode 600.
  [[nodiscard]] std::string PinFile(const std::string& pin = kPin) const;

 private:
  tests::TempFolder folder_;
};

}  // namespace oppi::ops

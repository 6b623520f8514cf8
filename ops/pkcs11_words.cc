#include "ops/pkcs11_words.h"

#include <p11-kit/p11-kit.h>

namespace oppi::ops {
namespace {

std::string Tool(const Pkcs11Place& place, const char* rest) {
  return "pkcs11-tool --module " + place.module + " --token-label '" + place.token + "' " + rest;
}

Error Locked(const Pkcs11Place& place) {
  return PermissionDenied("the token " + place.token + " has locked its PIN after too many wrong ones; set a new one with the security officer's PIN: " +
                          Tool(place, "--login --login-type so --init-pin"));
}

}  // namespace

Error Pkcs11Error(const Pkcs11Place& place, const char* doing, unsigned long rv) {
  const std::string token = "the token " + place.token;
  switch (rv) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      return PermissionDenied(token + " refuses the PIN; mend the PIN, then log in once by hand, because wrong ones are counted: " +
                              Tool(place, "--login --list-objects"));
    case CKR_PIN_LOCKED:
      return Locked(place);
    case CKR_PIN_EXPIRED:
      return PermissionDenied(token + " wants a new PIN; set it: " + Tool(place, "--login --change-pin"));
    case CKR_USER_PIN_NOT_INITIALIZED:
      return PermissionDenied(token + " has no user PIN yet; set one: " + Tool(place, "--login --login-type so --init-pin"));
    case CKR_TOKEN_WRITE_PROTECTED:
      return PermissionDenied(token + " is write-protected");
    case CKR_MECHANISM_INVALID:
    case CKR_MECHANISM_PARAM_INVALID:
      return InvalidArgument(token + " does not do what is needed (" + doing + "): " + p11_kit_strerror(rv));
    default:
      return Unavailable(token + ", " + doing + ": " + p11_kit_strerror(rv));
  }
}

Status Pkcs11PinState(const Pkcs11Place& place, unsigned long flags) {
  if ((flags & CKF_USER_PIN_LOCKED) != 0) return Locked(place);
  if ((flags & CKF_USER_PIN_INITIALIZED) == 0) return Pkcs11Error(place, "logging in", CKR_USER_PIN_NOT_INITIALIZED);
  if ((flags & CKF_USER_PIN_TO_BE_CHANGED) != 0) return Pkcs11Error(place, "logging in", CKR_PIN_EXPIRED);
  // A service that is restarted for ever would use up the tries that are left.
  if ((flags & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY)) != 0)
    return PermissionDenied("the token " + place.token + " was given a wrong PIN before" +
                            ((flags & CKF_USER_PIN_FINAL_TRY) != 0 ? " and has one try left" : "") +
                            ", so it is not tried again; check the PIN by logging in by hand, which starts the count again: " +
                            Tool(place, "--login --list-objects"));
  return {};
}

}  // namespace oppi::ops

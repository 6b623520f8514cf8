#include "ops/pkcs11_master.h"

#include <p11-kit/p11-kit.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <string_view>
#include <vector>

#include "ops/pkcs11_words.h"

namespace oppi::ops {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr CK_ULONG kKeyBytes = 32;

CK_BYTE_PTR U(ByteView bytes) { return reinterpret_cast<CK_BYTE_PTR>(const_cast<char*>(bytes.data())); }

/// The token's library, loaded and initialised.
class Module {
 public:
  static Result<std::unique_ptr<Module>> Load(const std::string& path) {
    struct stat info {};
    if (path.empty() || path.front() != '/' || ::stat(path.c_str(), &info) != 0)
      return NotFound("no PKCS#11 module at " + path + "; install the package of the token and give the full path of its library");
    if ((info.st_mode & 022) != 0)
      return PermissionDenied("the PKCS#11 module " + path + " can be changed by others, and it sees the PIN; run: chmod go-w " + path);
    CK_FUNCTION_LIST* const functions = p11_kit_module_load(path.c_str(), 0);
    if (functions == nullptr) {
      const char* const why = p11_kit_message();
      return InvalidArgument("the file " + path + " is not a PKCS#11 module" + (why != nullptr ? ": " + std::string(why) : ""));
    }
    std::unique_ptr<Module> module(new Module(functions));
    const CK_RV rv = p11_kit_module_initialize(functions);
    if (rv != CKR_OK) return Unavailable("the PKCS#11 module " + path + " does not start: " + p11_kit_strerror(rv));
    module->initialised_ = true;
    return module;
  }
  ~Module() {
    if (initialised_) p11_kit_module_finalize(functions_);
    p11_kit_module_release(functions_);
  }
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  [[nodiscard]] CK_FUNCTION_LIST& p11() const { return *functions_; }

 private:
  explicit Module(CK_FUNCTION_LIST* functions) : functions_(functions) {}
  CK_FUNCTION_LIST* functions_;
  bool initialised_ = false;
};

std::string LabelOf(const CK_TOKEN_INFO& info) {
  std::string label(reinterpret_cast<const char*>(info.label), sizeof(info.label));
  label.erase(label.find_last_not_of(' ') + 1);
  return label;
}

struct Token {
  CK_SLOT_ID slot = 0;
  CK_TOKEN_INFO info{};
};

Result<Token> FindToken(CK_FUNCTION_LIST& p11, const Pkcs11Place& place) {
  CK_ULONG count = 0;
  CK_RV rv = p11.C_GetSlotList(CK_TRUE, nullptr, &count);
  std::vector<CK_SLOT_ID> slots(count);
  if (rv == CKR_OK && count > 0) rv = p11.C_GetSlotList(CK_TRUE, slots.data(), &count);
  if (rv != CKR_OK) return Pkcs11Error(place, "looking for tokens", rv);
  slots.resize(count);
  std::vector<Token> found;
  std::string others;
  for (const CK_SLOT_ID slot : slots) {
    Token token;
    token.slot = slot;
    if (p11.C_GetTokenInfo(slot, &token.info) != CKR_OK || (token.info.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
    if (LabelOf(token.info) == place.token) found.push_back(token);
    else others += (others.empty() ? "" : ", ") + LabelOf(token.info);
  }
  if (found.size() > 1) return InvalidArgument("two tokens are called " + place.token + "; give one of them another label");
  if (!found.empty()) return found.front();
  return Unavailable("no token called " + place.token + " is present" +
                     (others.empty() ? " (nor any other); plug it in, or start its service" : "; present are: " + others));
}

/// Listed by the token, and for both directions. Some answer questions about what they do not list.
bool OffersGcm(CK_FUNCTION_LIST& p11, CK_SLOT_ID slot) {
  CK_ULONG count = 0;
  if (p11.C_GetMechanismList(slot, nullptr, &count) != CKR_OK || count == 0) return false;
  std::vector<CK_MECHANISM_TYPE> listed(count);
  if (p11.C_GetMechanismList(slot, listed.data(), &count) != CKR_OK) return false;
  listed.resize(count);
  CK_MECHANISM_INFO gcm{};
  return std::find(listed.begin(), listed.end(), CKM_AES_GCM) != listed.end() &&
         p11.C_GetMechanismInfo(slot, CKM_AES_GCM, &gcm) == CKR_OK && (gcm.flags & CKF_ENCRYPT) != 0 &&
         (gcm.flags & CKF_DECRYPT) != 0;
}

/// Whether the token can do what is needed, and may be logged in to by a program.
Status CheckToken(CK_FUNCTION_LIST& p11, const Pkcs11Place& place, const Token& token) {
  if (!OffersGcm(p11, token.slot))
    return InvalidArgument("the token " + place.token + " does not offer AES-GCM (CKM_AES_GCM), and nothing else is used to wrap keys");
  return Pkcs11PinState(place, token.info.flags);
}

/// A session that is logged in. Closed, and with it logged out, when it goes.
class Session {
 public:
  static Result<std::unique_ptr<Session>> Open(CK_FUNCTION_LIST& p11, const Pkcs11Place& place, const PinSource& pin,
                                               CK_FLAGS more_flags) {
    OPPI_TRY(const Token token, FindToken(p11, place));
    OPPI_RETURN_IF_ERROR(CheckToken(p11, place, token));
    std::unique_ptr<Session> session(new Session(p11));
    CK_RV rv = p11.C_OpenSession(token.slot, CKF_SERIAL_SESSION | more_flags, nullptr, nullptr, &session->handle_);
    if (rv != CKR_OK) return Pkcs11Error(place, "opening a session", rv);
    session->open_ = true;
    OPPI_TRY(ledger::GuardedBytes secret, pin());
    rv = p11.C_Login(session->handle_, CKU_USER, secret.data(), static_cast<CK_ULONG>(secret.size()));
    if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN) return Pkcs11Error(place, "logging in", rv);
    return session;
  }
  ~Session() {
    if (open_) p11_.C_CloseSession(handle_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// nullopt: no such key. Errors: two of them.
  Result<std::optional<CK_OBJECT_HANDLE>> FindKey(const Pkcs11Place& place) {
    CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
    CK_BBOOL yes = CK_TRUE;
    std::array<CK_ATTRIBUTE, 3> wanted{{{CKA_CLASS, &secret, sizeof(secret)},
                                        {CKA_TOKEN, &yes, sizeof(yes)},
                                        {CKA_LABEL, U(place.key), static_cast<CK_ULONG>(place.key.size())}}};
    CK_RV rv = p11_.C_FindObjectsInit(handle_, wanted.data(), wanted.size());
    if (rv != CKR_OK) return Pkcs11Error(place, "looking for the key", rv);
    std::array<CK_OBJECT_HANDLE, 2> keys{};
    CK_ULONG found = 0;
    rv = p11_.C_FindObjects(handle_, keys.data(), keys.size(), &found);
    p11_.C_FindObjectsFinal(handle_);
    if (rv != CKR_OK) return Pkcs11Error(place, "looking for the key", rv);
    if (found > 1) return InvalidArgument("the token " + place.token + " holds two keys called " + place.key + "; which one wraps the vault cannot be told");
    return found == 0 ? std::optional<CK_OBJECT_HANDLE>() : std::optional(keys[0]);
  }

  /// The key, when it is one that this program would have made.
  Result<CK_OBJECT_HANDLE> FitKey(const Pkcs11Place& place) {
    OPPI_TRY(const std::optional<CK_OBJECT_HANDLE> key, FindKey(place));
    if (!key) return NotFound("the token " + place.token + " holds no key called " + place.key + "; if this ledger used it, it is on another token or was deleted there");
    CK_KEY_TYPE type = 0;
    CK_ULONG length = 0;
    CK_BBOOL sensitive = CK_FALSE;
    CK_BBOOL extractable = CK_TRUE;
    std::array<CK_ATTRIBUTE, 4> facts{{{CKA_KEY_TYPE, &type, sizeof(type)},
                                       {CKA_VALUE_LEN, &length, sizeof(length)},
                                       {CKA_SENSITIVE, &sensitive, sizeof(sensitive)},
                                       {CKA_EXTRACTABLE, &extractable, sizeof(extractable)}}};
    const CK_RV rv = p11_.C_GetAttributeValue(handle_, *key, facts.data(), facts.size());
    if (rv != CKR_OK) return Pkcs11Error(place, "looking at the key", rv);
    if (type != CKK_AES || length != kKeyBytes)
      return InvalidArgument("the key " + place.key + " on the token " + place.token + " is not an AES key of 256 bits");
    if (sensitive != CK_TRUE || extractable != CK_FALSE)
      return InvalidArgument("the key " + place.key + " can be taken out of the token " + place.token +
                             "; use one that is sensitive and not extractable");
    return *key;
  }

  Status MakeKey(const Pkcs11Place& place) {
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    CK_ULONG length = kKeyBytes;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    std::array<CK_ATTRIBUTE, 10> wanted{{{CKA_VALUE_LEN, &length, sizeof(length)},
                                         {CKA_LABEL, U(place.key), static_cast<CK_ULONG>(place.key.size())},
                                         {CKA_TOKEN, &yes, sizeof(yes)},
                                         {CKA_PRIVATE, &yes, sizeof(yes)},
                                         {CKA_SENSITIVE, &yes, sizeof(yes)},
                                         {CKA_EXTRACTABLE, &no, sizeof(no)},
                                         {CKA_ENCRYPT, &yes, sizeof(yes)},
                                         {CKA_DECRYPT, &yes, sizeof(yes)},
                                         {CKA_WRAP, &no, sizeof(no)},
                                         {CKA_UNWRAP, &no, sizeof(no)}}};
    CK_OBJECT_HANDLE key = 0;
    const CK_RV rv = p11_.C_GenerateKey(handle_, &mechanism, wanted.data(), wanted.size(), &key);
    return rv == CKR_OK ? Status() : Status(Pkcs11Error(place, "making the key", rv));
  }

  /// Nonce || ciphertext || tag. A token that insists on a nonce of its own writes it over ours.
  Result<Bytes> Encrypt(const Pkcs11Place& place, CK_OBJECT_HANDLE key, Bytes nonce, ByteView plain, ByteView bound_to) {
    CK_GCM_PARAMS gcm = Params(nonce, bound_to);
    CK_MECHANISM mechanism{CKM_AES_GCM, &gcm, sizeof(gcm)};
    CK_RV rv = p11_.C_EncryptInit(handle_, &mechanism, key);
    if (rv != CKR_OK) return Pkcs11Error(place, "encrypting", rv);
    Bytes sealed(plain.size() + kTagBytes, '\0');
    CK_ULONG size = static_cast<CK_ULONG>(sealed.size());
    rv = p11_.C_Encrypt(handle_, U(plain), static_cast<CK_ULONG>(plain.size()), U(sealed), &size);
    if (rv != CKR_OK) return Pkcs11Error(place, "encrypting", rv);
    if (size != sealed.size()) return Unavailable("the token " + place.token + " does not do AES-GCM with a tag of 16 bytes as it should");
    return nonce + sealed;
  }

  /// nullopt: refused by the token, whatever the reason.
  std::optional<Bytes> Decrypt(CK_OBJECT_HANDLE key, ByteView sealed, ByteView bound_to) {
    Bytes nonce(sealed.substr(0, kNonceBytes));
    const ByteView rest = sealed.substr(kNonceBytes);
    CK_GCM_PARAMS gcm = Params(nonce, bound_to);
    CK_MECHANISM mechanism{CKM_AES_GCM, &gcm, sizeof(gcm)};
    if (p11_.C_DecryptInit(handle_, &mechanism, key) != CKR_OK) return std::nullopt;
    Bytes plain(rest.size(), '\0');  // some tokens ask for room for the tag too
    CK_ULONG size = static_cast<CK_ULONG>(plain.size());
    if (p11_.C_Decrypt(handle_, U(rest), static_cast<CK_ULONG>(rest.size()), U(plain), &size) != CKR_OK) return std::nullopt;
    if (size != rest.size() - kTagBytes) return std::nullopt;
    plain.resize(size);
    return plain;
  }

 private:
  explicit Session(CK_FUNCTION_LIST& p11) : p11_(p11) {}

  static CK_GCM_PARAMS Params(Bytes& nonce, ByteView bound_to) {
    CK_GCM_PARAMS gcm{};
    gcm.pIv = U(nonce);
    gcm.ulIvLen = kNonceBytes;
    gcm.ulIvBits = kNonceBytes * 8;
    gcm.pAAD = U(bound_to);
    gcm.ulAADLen = static_cast<CK_ULONG>(bound_to.size());
    gcm.ulTagBits = kTagBytes * 8;
    return gcm;
  }

  CK_FUNCTION_LIST& p11_;
  CK_SESSION_HANDLE handle_ = 0;
  bool open_ = false;
};

/// A session for each use: uses are rare, and a device that was restarted in between does not matter.
class Pkcs11Master final : public ledger::MasterKey {
 public:
  Pkcs11Master(std::unique_ptr<Module> module, Pkcs11Place place, PinSource pin)
      : module_(std::move(module)), place_(std::move(place)), pin_(std::move(pin)) {}

  Status Look() {
    const std::lock_guard lock(mutex_);
    OPPI_TRY(const auto session, Session::Open(module_->p11(), place_, pin_, 0));
    OPPI_TRY(const CK_OBJECT_HANDLE key, session->FitKey(place_));
    (void)key;
    return {};
  }

  Result<Bytes> Wrap(ByteView plain, ByteView bound_to, Entropy& entropy) override {
    const std::lock_guard lock(mutex_);
    OPPI_TRY(const auto session, Session::Open(module_->p11(), place_, pin_, 0));
    OPPI_TRY(const CK_OBJECT_HANDLE key, session->FitKey(place_));
    OPPI_TRY(Bytes wrapped, session->Encrypt(place_, key, entropy.Take(kNonceBytes), plain, bound_to));
    // What cannot be opened again must not replace anything.
    if (session->Decrypt(key, wrapped, bound_to) != plain)
      return Unavailable("the token " + place_.token + " does not open what it has just wrapped");
    return wrapped;
  }

  Result<Bytes> Unwrap(ByteView wrapped, ByteView bound_to) override {
    const std::lock_guard lock(mutex_);
    OPPI_TRY(const auto session, Session::Open(module_->p11(), place_, pin_, 0));
    OPPI_TRY(const CK_OBJECT_HANDLE key, session->FitKey(place_));
    if (wrapped.size() >= kNonceBytes + kTagBytes)
      if (std::optional<Bytes> plain = session->Decrypt(key, wrapped, bound_to)) return *std::move(plain);
    // Tokens tell a wrong tag and a broken device apart badly; one that does its work refused the bytes.
    OPPI_TRY(const Bytes probe, session->Encrypt(place_, key, Bytes(kNonceBytes, '\0'), "probe", bound_to));
    if (session->Decrypt(key, probe, bound_to) != "probe")
      return Unavailable("the token " + place_.token + " is present but does not decrypt");
    return PermissionDenied("the key " + place_.key + " on the token " + place_.token + " does not open this");
  }

 private:
  const std::unique_ptr<Module> module_;
  const Pkcs11Place place_;
  const PinSource pin_;
  std::mutex mutex_;
};

}  // namespace

Result<std::shared_ptr<ledger::MasterKey>> OpenPkcs11Master(const Pkcs11Place& place, PinSource pin) {
  OPPI_TRY(auto module, Module::Load(place.module));
  auto master = std::make_shared<Pkcs11Master>(std::move(module), place, std::move(pin));
  OPPI_RETURN_IF_ERROR(master->Look());
  return std::shared_ptr<ledger::MasterKey>(std::move(master));
}

Status MakePkcs11Key(const Pkcs11Place& place, const PinSource& pin) {
  OPPI_TRY(const auto module, Module::Load(place.module));
  OPPI_TRY(const auto session, Session::Open(module->p11(), place, pin, CKF_RW_SESSION));
  OPPI_TRY(const auto there, session->FindKey(place));
  if (there) return AlreadyExists("the token " + place.token + " holds a key called " + place.key + " already");
  return session->MakeKey(place);
}

}  // namespace oppi::ops

#include "ops/control_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "ledger/descriptor.h"

namespace oppi::ops {
namespace {

using ledger::Descriptor;

constexpr std::size_t kLineBytesMax = 256 * 1024;
constexpr const char* kName = "control";

/// The address through an open folder: paths of sockets are short, those of ledgers may be long.
sockaddr_un AddressIn(int folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(folder) + "/" + kName;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Result<Descriptor> OpenFolder(const std::string& ledger) {
  const std::string path = ledger + "/lock";
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0)
    return PermissionDenied("cannot open " + path + ": " + std::strerror(errno));
  return folder;
}

bool SendLine(int fd, std::string line) {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t n = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

class LineReader {
 public:
  LineReader(int fd, int milliseconds_max) : fd_(fd), milliseconds_max_(milliseconds_max) {}

  /// Empty when the other side has ended, says too much, or - with a time limit - nothing.
  std::string Next() {
    for (;;) {
      if (const std::size_t end = read_.find('\n'); end != std::string::npos) {
        std::string line = read_.substr(0, end);
        read_.erase(0, end + 1);
        return line;
      }
      if (read_.size() > kLineBytesMax || !ReadMore()) return {};
    }
  }

 private:
  bool ReadMore() {
    char block[4096];
    for (;;) {
      pollfd wait{fd_, POLLIN, 0};
      const int ready = ::poll(&wait, 1, milliseconds_max_);
      const ssize_t n = ready > 0 ? ::recv(fd_, block, sizeof(block), 0) : ready;
      if (n < 0 && errno == EINTR) continue;
      if (n > 0) read_.append(block, static_cast<std::size_t>(n));
      return n > 0;
    }
  }
  const int fd_;
  const int milliseconds_max_;
  std::string read_;
};

}  // namespace

struct ControlSocket::Impl {
  Descriptor folder;
  Descriptor listening;
  Descriptor stop;
  AnswerFn answer;
  std::thread thread;

  void Run() {
    // Signals are for the thread that waits for them.
    sigset_t signals;
    sigfillset(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    for (;;) {
      pollfd waits[2] = {{listening.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}};
      if (::poll(waits, 2, -1) < 0 && errno != EINTR) return;
      if (waits[1].revents != 0) return;
      if (waits[0].revents == 0) continue;
      const Descriptor asker(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (asker.get() < 0 || !IsOwner(asker.get())) continue;
      // Nobody may hold this thread up by not reading.
      const timeval patience{5, 0};
      (void)::setsockopt(asker.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
      const std::string question = LineReader(asker.get(), 5'000).Next();
      bool listening_still = true;
      const auto say = [&](const std::string& line) {
        listening_still = listening_still && SendLine(asker.get(), line);
      };
      if (!question.empty()) answer(question, say);
    }
  }

  /// The folder keeps others out already; root may come in and is the owner of everything.
  static bool IsOwner(int fd) {
    ucred peer{};
    socklen_t size = sizeof(peer);
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == ::geteuid() || peer.uid == 0);
  }
};

ControlSocket::ControlSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ControlSocket::~ControlSocket() {
  const std::uint64_t one = 1;
  (void)!::write(impl_->stop.get(), &one, sizeof(one));
  impl_->thread.join();
  (void)::unlinkat(impl_->folder.get(), kName, 0);
}

Result<std::unique_ptr<ControlSocket>> ControlSocket::Start(const std::string& ledger,
                                                            AnswerFn answer) {
  auto impl = std::make_unique<Impl>();
  OPPI_TRY(impl->folder, OpenFolder(ledger));
  impl->listening = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  impl->stop = Descriptor(::eventfd(0, EFD_CLOEXEC));
  impl->answer = std::move(answer);
  // The checkpoint lock is held, so what lies here was left by a process that is no more.
  (void)::unlinkat(impl->folder.get(), kName, 0);
  const sockaddr_un address = AddressIn(impl->folder.get());
  if (impl->listening.get() < 0 || impl->stop.get() < 0 ||
      ::bind(impl->listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
          0 ||
      ::fchmodat(impl->folder.get(), kName, 0600, 0) != 0 ||
      ::listen(impl->listening.get(), 4) != 0)
    return PermissionDenied("cannot listen in " + ledger + "/lock: " + std::strerror(errno));
  Impl* self = impl.get();
  impl->thread = std::thread([self] { self->Run(); });
  return std::unique_ptr<ControlSocket>(new ControlSocket(std::move(impl)));
}

Status AskServer(const std::string& ledger, const std::string& question,
                 const ControlSocket::SayFn& heard) {
  OPPI_TRY(const Descriptor folder, OpenFolder(ledger));
  const Descriptor server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = AddressIn(folder.get());
  if (server.get() < 0 ||
      ::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return Unavailable(
        "this ledger is open in another process that does not serve it; try again when that has "
        "ended");
  if (!SendLine(server.get(), question))
    return Unavailable("the process that serves this ledger does not listen");
  LineReader lines(server.get(), -1);
  for (std::string line = lines.Next(); !line.empty(); line = lines.Next()) heard(line);
  return {};
}

}  // namespace oppi::ops

// A target is refused, or is a plain path that leads nowhere but where it says; a media type is
// refused, or is one. Whatever the router makes of it, it makes the same of it twice.

#include <cstddef>
#include <cstdint>

#include "consumers/http_admission.h"
#include "consumers/http_target.h"
#include "consumers/router.h"
#include "events/check.h"
#include "ledger/merkle/tile.h"

namespace {

using oppi::consumers::HttpRequest;
using oppi::consumers::HttpResponse;
using oppi::consumers::Method;
using oppi::consumers::Route;
using oppi::consumers::Router;

Router MakeRouter() {
  std::vector<Route> routes;
  for (const char* path : {"/", "/a/{id}", "/a/b/c", "/tile/{path...}"}) {
    Route route;
    route.method = Method::kGet;
    route.path = path;
    route.handle = [](const HttpRequest&) { return HttpResponse{}; };
    routes.push_back(std::move(route));
  }
  return Router(std::move(routes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Router router = MakeRouter();
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const std::string media_type = oppi::consumers::MediaType(text);
  OPPI_CHECK(oppi::consumers::MediaType(media_type) == media_type);

  (void)router.Find("GET", text);  // whatever the path: no crash
  const auto target = oppi::consumers::ParseTarget(text);
  if (!target.ok()) return 0;
  const std::string& path = target->path;
  OPPI_CHECK(path.starts_with('/') && path.find("//") == std::string::npos);
  OPPI_CHECK((path + "/").find("/../") == std::string::npos);
  OPPI_CHECK((path + "/").find("/./") == std::string::npos);
  OPPI_CHECK(path.find('%') == std::string::npos && path.find('\\') == std::string::npos);
  const auto again = oppi::consumers::ParseTarget(path);
  OPPI_CHECK(again.ok() && again->path == path && again->query.empty());
  const auto match = router.Find("GET", path);
  if (match.route != nullptr && match.parameters.count("path") != 0) {
    OPPI_CHECK("/tile/" + match.parameters.at("path") == path);
    if (const auto tile = oppi::ledger::merkle::ParseTilePath(path.substr(1)))
      OPPI_CHECK("/" + oppi::ledger::merkle::TilePath(*tile) == path);
  }
  return 0;
}

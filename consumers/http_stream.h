#pragma once

#include <boost/asio/ip/tcp.hpp>

/// The one place that names what HTTP bytes run over. Internal to the server's sources: nothing
/// outside http_*.cc includes it. TLS becomes a change of this alias and of a handshake after
/// accept.

namespace oppi::consumers {

using Stream = boost::asio::ip::tcp::socket;

/// The TCP socket below, for options, cancelling and half-closing.
inline boost::asio::ip::tcp::socket& LowestLayer(Stream& stream) { return stream; }

}  // namespace oppi::consumers

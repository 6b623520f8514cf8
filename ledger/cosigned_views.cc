#include "ledger/cosigned_views.h"

#include <algorithm>

#include "events/check.h"

namespace oppi::ledger {
namespace {

/// A witness that answers later than this many newer offers answers too late.
constexpr std::size_t kOffersMax = 16;

std::shared_ptr<const LogView> With(const LogView& view, const NoteSignature& cosignature) {
  auto note = ParseNote(view.note());
  OPPI_CHECK(note.ok());
  // A witness that is asked again about the same tree says the same at another time: the newer
  // counts.
  std::erase_if(note->signatures, [&](const NoteSignature& old) {
    return old.name == cosignature.name && old.key_id == cosignature.key_id;
  });
  note->signatures.push_back(cosignature);
  return view.As(view.checkpoint(), FormatNote(*note));
}

}  // namespace

void CosignedViews::Offer(const std::shared_ptr<const LogView>& view, Moment now) {
  OPPI_CHECK(offers_.empty() || !(view->size() < offers_.back().view->size()));
  // The same checkpoint again keeps what it has.
  if (!offers_.empty() && offers_.back().view->size() == view->size()) return;
  Offered offered{view, now, OpenCheckpoint(view->note(), policy_).ok()};
  if (!shown_ || offered.met) shown_ = view;
  offers_.push_back(std::move(offered));
  if (offers_.size() > kOffersMax) offers_.pop_front();
}

void CosignedViews::Add(TreeSize size, const NoteSignature& cosignature) {
  const auto offered = std::find_if(offers_.begin(), offers_.end(),
                                    [size](const Offered& o) { return o.view->size() == size; });
  if (offered == offers_.end()) return;
  const bool is_shown = shown_->size() == size;
  offered->view = With(*offered->view, cosignature);
  offered->met = OpenCheckpoint(offered->view->note(), policy_).ok();
  if (is_shown || (offered->met && shown_->size() < size)) shown_ = offered->view;
}

const std::shared_ptr<const LogView>& CosignedViews::Show(Moment now) {
  const auto newer = std::find_if(offers_.begin(), offers_.end(), [this](const Offered& o) {
    return shown_->size() < o.view->size();
  });
  if (newer != offers_.end() && now - newer->since >= unmet_max_) shown_ = offers_.back().view;
  while (!offers_.empty() && offers_.front().view->size() < shown_->size()) offers_.pop_front();
  return shown_;
}

Result<std::shared_ptr<const LogView>> ViewOfNote(const LogView& newest, const std::string& note,
                                                  const VerifierKey& log) {
  OPPI_TRY(Checkpoint checkpoint, OpenCheckpoint(note, log));
  OPPI_TRY(const RootHash root, newest.Root(checkpoint.size));
  if (root != checkpoint.root)
    return DataLoss("the checkpoint that was shown last is of another tree");
  return newest.As(std::move(checkpoint), note);
}

}  // namespace oppi::ledger

/** Three tries within this time make a client move, in milliseconds; kubelet's longest pause is five minutes. */
export const WINDOW = 12 * 60_000
/** After so long without a request for it, a request is another try and not a part of the last one, in milliseconds. */
export const QUIET = 5000
/** A run by hand that fails at once and is begun again takes longer than this, in milliseconds. */
export const QUICK = 250
/** The same request within this time after the last one may be a sign that that one failed, in milliseconds. */
export const SOON = 10_000
/** What comes twice within this time is one request in two, as HEAD and GET are, in milliseconds. */
export const TWIN = 50
/** docker asks once more for a blob that it was refused, at once: what comes a second time within this, in milliseconds. */
export const SECOND = 200
/** After so long without a request, nothing is held against a client any more, in milliseconds. */
export const FORGET = 60 * 60_000

/**
 * Long before all else. Times here are whole milliseconds since the detector began, below 2³⁰, so that they and their
 * differences are integers of 32 bits, which engines keep unboxed and tables keep small.
 */
export const NEVER = -(2 ** 30)
/** When a detector has to begin anew, in milliseconds: after twelve days. */
export const END_OF_TIME = 2 ** 30

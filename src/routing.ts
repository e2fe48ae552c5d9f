export type { Located } from './clouds/located.ts'
export type { Coordinates, Place, PlaceSource } from './clouds/place.ts'
export { placeOf } from './clouds/places.ts'
export {
  type Backend,
  compileDigestPath,
  type DigestPath,
  type Store,
  type Upstream,
} from './routing/backend.ts'
export type { Candidate, Candidates } from './routing/candidates.ts'
export {
  type Ask,
  type Decision,
  decide,
  type Listed,
  type PassedOver,
  type Presence,
  type Reason,
  type RequestFacts,
} from './routing/decide.ts'
export { distance } from './routing/distance.ts'
export { type ExplainFacts, type Explanation, explain } from './routing/explanation.ts'
export type { Client } from './routing/locate.ts'
export { type ParsedRequest, parseRequest } from './routing/parse-request.ts'
export { type Inquiry, type RoutedRequest, type RouteSources, route } from './routing/route.ts'
export { type CompilePattern, compileRule, type Rule } from './routing/rule.ts'
export { createView, type View } from './routing/view.ts'

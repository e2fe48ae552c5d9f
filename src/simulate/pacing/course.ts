/** From one moment on, in milliseconds since 1970: how much of what would go to each sponsor does, from 0 to 1. */
export interface PaceStep {
  readonly at: number
  readonly shares: ReadonlyMap<string, number>
}

/** The paces of all sponsors over the time of a log; the first of them hold before their moment, too. */
export type PaceCourse = readonly PaceStep[]

/** The position of the step that holds at a moment, of a course that has one at least. */
export function stepAt(course: PaceCourse, at: number): number {
  let [low, high] = [0, course.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (course[middle]!.at <= at) low = middle
    else high = middle - 1
  }
  return low
}

/** Whether all who would come may, all the time. */
export function isOpen(course: PaceCourse): boolean {
  return course.every(({ shares }) => [...shares.values()].every((share) => share >= 1))
}

import type { Door } from '../server/request.ts'

/** A door that is still being made: requests wait for it, and are answered as directly as ever once it is there. */
export function lateDoor(door: Promise<Door>): Door {
  let ready: Door | undefined
  door.then(
    (made) => {
      ready = made
    },
    () => {},
  )
  return (request) => (ready === undefined ? door.then((made) => made(request)) : ready(request))
}

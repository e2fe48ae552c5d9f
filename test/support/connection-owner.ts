import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The processes that one process has started and that still run, by Linux's own account. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}

/** Which of some processes has accepted the connection that comes from this port of loopback; `undefined` while none has. */
export function ownerOf(clientPort: number, pids: readonly number[]): number | undefined {
  const remote = clientPort.toString(16).toUpperCase().padStart(4, '0')
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const [, , to, , , , , , , inode] = line.trim().split(/\s+/)
    if (to === undefined || inode === undefined || !to.endsWith(`:${remote}`)) continue
    const owner = pids.find((pid) => hasOpen(pid, `socket:[${inode}]`))
    if (owner !== undefined) return owner
  }
  return undefined
}

function hasOpen(pid: number, file: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((name) => linkOf(`/proc/${pid}/fd/${name}`) === file)
  } catch {
    return false
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

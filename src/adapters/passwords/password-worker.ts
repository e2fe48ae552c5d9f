import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'
import type { PasswordAnswer, PasswordQuestion } from './password-thread.ts'

// The thread that checks passwords: takes one after the other, and says of each whether it is right.

parentPort!.on('message', ({ id, password, hash }: PasswordQuestion) => {
  parentPort!.postMessage(answerTo(id, password, hash))
})

function answerTo(id: number, password: string, hash: string): PasswordAnswer {
  try {
    return { id, isRight: compareSync(password, hash) }
  } catch {
    return { id }
  }
}

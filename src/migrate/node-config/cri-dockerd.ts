import { type NodeConfig, type NodeConfigRequest, pauseImage, pauseNotes } from './node-config.ts'

const FILE = '/etc/systemd/system/cri-docker.service.d/50-pause.conf'

/** cri-dockerd takes the pause image by a flag. */
export function criDockerdConfig({ data }: NodeConfigRequest): NodeConfig {
  const pause = pauseImage(data)
  if (pause === undefined) return { settings: [], apply: [], check: [], undo: [], notes: pauseNotes(pause) }
  const content = [
    '[Service]',
    'ExecStart=',
    `ExecStart=/usr/bin/cri-dockerd --container-runtime-endpoint fd:// --pod-infra-container-image=${pause}`,
  ]
  const restart = ['systemctl daemon-reload', 'systemctl restart cri-docker']
  return {
    settings: [{ file: FILE, whole: true, content: `${content.join('\n')}\n` }],
    apply: restart,
    check: ['systemctl show -p ExecStart cri-docker'],
    undo: [`rm ${FILE}`, ...restart],
    notes: [
      'the line has to be that of your unit ("systemctl cat cri-docker"), with the flag behind it',
      ...pauseNotes(pause),
      'Docker itself pulls: see --for docker for what it can redirect',
    ],
  }
}

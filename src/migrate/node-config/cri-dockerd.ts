import { type NodeConfig, type NodeConfigRequest, nothingToSet, pauseImage } from './node-config.ts'

const FILE = '/etc/systemd/system/cri-docker.service.d/50-pause.conf'

/** cri-dockerd takes the pause image by a flag. */
export function criDockerdConfig(request: NodeConfigRequest): NodeConfig {
  const { image, notes } = pauseImage(request)
  if (image === undefined) return nothingToSet(notes)
  const content = [
    '[Service]',
    // systemd refuses a service with a second ExecStart unless the first one is taken back.
    'ExecStart=',
    `ExecStart=/usr/bin/cri-dockerd --container-runtime-endpoint fd:// --pod-infra-container-image=${image}`,
  ]
  const restart = ['systemctl daemon-reload', 'systemctl restart cri-docker']
  return {
    settings: [{ file: FILE, whole: true, content: `${content.join('\n')}\n` }],
    apply: restart,
    check: ['systemctl show -p ExecStart cri-docker'],
    undo: [`rm ${FILE}`, ...restart],
    notes: [
      'the line has to be that of your unit ("systemctl cat cri-docker"), with the flag behind it',
      ...notes,
      'Docker itself pulls: see --for docker for what it can redirect',
    ],
  }
}

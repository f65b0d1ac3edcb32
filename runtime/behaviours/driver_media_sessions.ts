/**
 * Sessions of a media device on the driver's side: one that broke is closed (VIRTIO 1.4, 5.22.6.2.2).
 *
 * @module
 */

import { DriverBehaviour, type Handler } from "../behaviour.ts";

/** What the sessions of a driver use of it. */
export interface DriverMediaSessionsHost {
  /** Closes a session. */
  closeSession(request: { sessionId: number }): Promise<void>;
}

/** Handlers of the user that sessions stand in front of. */
export interface DriverMediaSessionsUser {
  /** A session is broken. */
  readonly onEventError?:
    | Handler<[value: { readonly sessionId: number; readonly errno: number }], void>
    | undefined;
}

/** The sessions of a driver. */
export class DriverMediaSessions extends DriverBehaviour {
  readonly #host: DriverMediaSessionsHost;

  /** For a driver. */
  constructor(host: DriverMediaSessionsHost, _codes: object) {
    super();
    this.#host = host;
  }

  /** The handlers that stand in front of the user's: he hears of a broken session when its end is on its way. */
  handlers({ onEventError }: DriverMediaSessionsUser): DriverMediaSessionsUser {
    return {
      onEventError: (value) => {
        void this.#host.closeSession({ sessionId: value.sessionId }).catch(() => {});
        onEventError?.(value);
      },
    };
  }
}

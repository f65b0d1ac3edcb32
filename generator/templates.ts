/**
 * The templates as text, by name. They are imports, so that they come along by URL.
 *
 * @module
 */

import device from "../templates/device.hbs" with { type: "text" };
import driver from "../templates/driver.hbs" with { type: "text" };
import layout from "../templates/layout.hbs" with { type: "text" };
import loopback_test from "../templates/loopback_test.hbs" with { type: "text" };
import mod from "../templates/mod.hbs" with { type: "text" };
import readme from "../templates/readme.hbs" with { type: "text" };
import starter from "../templates/starter.hbs" with { type: "text" };
import wire from "../templates/wire.hbs" with { type: "text" };
import administered_ from "../templates/partials/administered.hbs" with { type: "text" };
import arm_ from "../templates/partials/arm.hbs" with { type: "text" };
import banner_ from "../templates/partials/banner.hbs" with { type: "text" };
import behaviours_ from "../templates/partials/behaviours.hbs" with { type: "text" };
import config_ from "../templates/partials/config.hbs" with { type: "text" };
import contract_ from "../templates/partials/contract.hbs" with { type: "text" };
import demands_ from "../templates/partials/demands.hbs" with { type: "text" };
import device_answer_ from "../templates/partials/device_answer.hbs" with { type: "text" };
import device_behaviours_ from "../templates/partials/device_behaviours.hbs" with { type: "text" };
import device_case_ from "../templates/partials/device_case.hbs" with { type: "text" };
import device_config_ from "../templates/partials/device_config.hbs" with { type: "text" };
import device_fields_ from "../templates/partials/device_fields.hbs" with { type: "text" };
import device_finish_ from "../templates/partials/device_finish.hbs" with { type: "text" };
import device_later_ from "../templates/partials/device_later.hbs" with { type: "text" };
import device_pulled_ from "../templates/partials/device_pulled.hbs" with { type: "text" };
import device_request_ from "../templates/partials/device_request.hbs" with { type: "text" };
import device_send_ from "../templates/partials/device_send.hbs" with { type: "text" };
import device_serve_ from "../templates/partials/device_serve.hbs" with { type: "text" };
import device_set_ from "../templates/partials/device_set.hbs" with { type: "text" };
import device_unserved_ from "../templates/partials/device_unserved.hbs" with { type: "text" };
import driver_answer_ from "../templates/partials/driver_answer.hbs" with { type: "text" };
import driver_behaviours_ from "../templates/partials/driver_behaviours.hbs" with { type: "text" };
import driver_class_ from "../templates/partials/driver_class.hbs" with { type: "text" };
import driver_event_ from "../templates/partials/driver_event.hbs" with { type: "text" };
import driver_queue_ from "../templates/partials/driver_queue.hbs" with { type: "text" };
import driver_receive_ from "../templates/partials/driver_receive.hbs" with { type: "text" };
import driver_request_ from "../templates/partials/driver_request.hbs" with { type: "text" };
import encode_arms_ from "../templates/partials/encode_arms.hbs" with { type: "text" };
import enum_ from "../templates/partials/enum.hbs" with { type: "text" };
import imports_ from "../templates/partials/imports.hbs" with { type: "text" };
import lines_ from "../templates/partials/lines.hbs" with { type: "text" };
import message_ from "../templates/partials/message.hbs" with { type: "text" };
import offered_ from "../templates/partials/offered.hbs" with { type: "text" };
import offsets_ from "../templates/partials/offsets.hbs" with { type: "text" };
import plan_ from "../templates/partials/plan.hbs" with { type: "text" };
import properties_ from "../templates/partials/properties.hbs" with { type: "text" };
import sequence_ from "../templates/partials/sequence.hbs" with { type: "text" };
import session_ from "../templates/partials/session.hbs" with { type: "text" };
import struct_ from "../templates/partials/struct.hbs" with { type: "text" };
import union_ from "../templates/partials/union.hbs" with { type: "text" };

/** Root templates, one for each kind of file. */
export const templates: Readonly<Record<string, string>> = {
  device,
  driver,
  layout,
  loopback_test,
  mod,
  readme,
  starter,
  wire,
};

/** What root templates include. */
export const partials: Readonly<Record<string, string>> = {
  administered: administered_,
  arm: arm_,
  banner: banner_,
  behaviours: behaviours_,
  config: config_,
  contract: contract_,
  demands: demands_,
  device_answer: device_answer_,
  device_behaviours: device_behaviours_,
  device_case: device_case_,
  device_config: device_config_,
  device_fields: device_fields_,
  device_finish: device_finish_,
  device_later: device_later_,
  device_pulled: device_pulled_,
  device_request: device_request_,
  device_send: device_send_,
  device_serve: device_serve_,
  device_set: device_set_,
  device_unserved: device_unserved_,
  driver_answer: driver_answer_,
  driver_behaviours: driver_behaviours_,
  driver_class: driver_class_,
  driver_event: driver_event_,
  driver_queue: driver_queue_,
  driver_receive: driver_receive_,
  driver_request: driver_request_,
  encode_arms: encode_arms_,
  enum: enum_,
  imports: imports_,
  lines: lines_,
  message: message_,
  offered: offered_,
  offsets: offsets_,
  plan: plan_,
  properties: properties_,
  sequence: sequence_,
  session: session_,
  struct: struct_,
  union: union_,
};

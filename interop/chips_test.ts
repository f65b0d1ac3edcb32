/** A Linux guest on our GPIO lines and our I2C bus, with drivers built from Linux's source. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { attach, guestMissing, modulesMissing, NEWER_GUEST, startGuest, told } from "./guest.ts";
import { peerTest, run, Scratch, serve } from "./peers.ts";

const EDGES = fileURLToPath(new URL("guest_programs/gpio_edges.c", import.meta.url));

const SCRIPT = `
cd /sys/class/gpio
chip=$(ls -d gpiochip* | head -n 1)
echo LINES=$(cat $chip/ngpio)
base=$(cat $chip/base)
for line in 0 1 2 3; do echo $((base + line)) > export; done
echo NAMES=$(ls | grep -E 'reset|button|spare' | tr '\\n' ,)
button=/sys/class/gpio/button
reset=/sys/class/gpio/reset
plain=/sys/class/gpio/spare
echo in > $button/direction
echo high > $reset/direction
echo DIRECTIONS=$(cat $button/direction),$(cat $reset/direction)
echo HIGH=$(cat $button/value)
echo 0 > $reset/value
echo LOW=$(cat $button/value)
echo PLAIN=$(cat $plain/value)
echo FEATURES=$(cat /sys/bus/virtio/devices/virtio0/features)
echo $base > unexport

bus=$(basename $(ls -d /sys/bus/i2c/devices/i2c-* | head -n 1)); number=\${bus#i2c-}
echo ADAPTER=$(cat /sys/bus/i2c/devices/$bus/name)
echo FOUND=$(i2cdetect -y -r $number | tr ' ' '\\n' | grep -E '^[0-9a-f]{2}$' | tr '\\n' ,)
i2cset -y $number 0x50 0x20 0x5a || echo FAILED: i2cset
echo BYTE=$(i2cget -y $number 0x50 0x20)
i2cget -y $number 0x51 0x20 2>/dev/null && echo FAILED: nobody answers at 0x51
cd /sys/bus/i2c/devices/$bus
echo 24c02 0x50 > new_device; echo lm75 0x48 > new_device
eeprom=/sys/bus/i2c/devices/$number-0050/eeprom
echo EEPROM=$(wc -c < $eeprom)
seq 1 1000 | head -c 256 > /tmp/content
dd if=/tmp/content of=$eeprom bs=256 2>/dev/null || echo FAILED: write
cmp /tmp/content $eeprom || echo FAILED: compare
hwmon=$(ls -d /sys/bus/i2c/devices/$number-0048/hwmon/hwmon*)
echo DEGREES=$(cat $hwmon/temp1_input)
echo 30000 > $hwmon/temp1_max; echo LIMIT=$(cat $hwmon/temp1_max)
dmesg | grep -iE '(gpio|i2c).*(incorrect|error|timed|request failed)' && echo FAILED: errors
`;

// QEMU 7.2 does not pass on that we offer interrupts of lines; QEMU 10 does.
peerTest("a Linux guest uses our GPIO lines (without interrupts), and the chips on our I2C bus", [
  "qemu-system-x86_64",
  "busybox",
  guestMissing,
  modulesMissing(["gpio", "i2c"]),
], async () => {
  using scratch = new Scratch();
  const [lines, bus] = [scratch.path("lines"), scratch.path("bus")];
  await using gpio = await serve(
    ["gpio", "--lines", "8", "--names", "button,reset,spare,last"],
    lines,
  );
  await using i2c = await serve(["i2c", "--degrees=-3.5"], bus);
  await using guest = startGuest(scratch, {
    modules: ["gpio", "i2c"],
    qemu: [
      ...attach(lines, "vhost-user-gpio-pci", "c0"),
      ...attach(bus, "vhost-user-i2c-pci", "c1"),
    ],
    script: SCRIPT,
  });
  await guest.printed("GUEST ENDS");
  const { output } = guest;
  assert.doesNotMatch(output, /FAILED/, output);
  const names = ["LINES", "NAMES", "DIRECTIONS", "HIGH", "LOW", "PLAIN"];
  assert.deepEqual(
    names.map((name) => told(output, name)),
    ["8", "button,reset,spare,", "in,out", "1", "0", "0"],
    output,
  );
  assert.equal(told(output, "FEATURES")?.[0], "0", "VIRTIO_GPIO_F_IRQ: it is passed on now");
  assert.equal(told(output, "ADAPTER"), "i2c_virtio");
  assert.equal(told(output, "FOUND"), "48,50,");
  assert.equal(told(output, "BYTE"), "0x5a");
  assert.equal(told(output, "EEPROM"), "256");
  assert.equal(told(output, "DEGREES"), "-3500");
  assert.equal(told(output, "LIMIT"), "30000");
  for (const server of [gpio, i2c]) assert.doesNotMatch(server.output, /Error/, server.output);
});

peerTest("a Linux guest is interrupted at the edges of our GPIO lines", [
  ...NEWER_GUEST,
  "gcc",
  modulesMissing(["gpio"]),
], async () => {
  using scratch = new Scratch();
  const program = scratch.path("gpio_edges");
  await run("gcc", ["-static", "-O1", "-o", program, EDGES]);
  const socket = scratch.path("s");
  await using server = await serve(["gpio", "--names", "button,driver"], socket);
  await using guest = startGuest(scratch, {
    modules: ["gpio"],
    programs: [program],
    build: "10",
    qemu: attach(socket, "vhost-user-gpio-pci"),
    script: `
echo FEATURES=$(cat /sys/bus/virtio/devices/virtio0/features)
echo EDGES=$(gpio_edges /dev/gpiochip0 0 1 50 | tr ' ' _)
echo OTHERS=$(gpio_edges /dev/gpiochip0 7 6 5 | tr ' ' _)
dmesg | grep -iE 'gpio.*(incorrect|error|timed|request failed)' && echo FAILED: errors
`,
  });
  await guest.printed("GUEST ENDS");
  const { output } = guest;
  assert.doesNotMatch(output, /FAILED/, output);
  assert.equal(told(output, "FEATURES")?.[0], "1", "VIRTIO_GPIO_F_IRQ");
  assert.equal(told(output, "EDGES"), "100", output);
  assert.equal(told(output, "OTHERS"), "10", output);
  assert.doesNotMatch(server.output, /Error/, server.output);
});

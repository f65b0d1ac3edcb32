/**
 * What the file system device carries: requests of FUSE and their answers, behind the headers that
 * `devices/fs.ts` describes. VIRTIO 1.4 does not define them (5.11.1); they belong to Linux.
 *
 * Numbers are in the byte order of the driver's machine; these layouts are for a little-endian one.
 *
 * @module
 */

import {
  bytes,
  defineLayout,
  inline,
  type Layout,
  le16,
  le32,
  le64,
  padding,
  type Struct,
} from "./dsl.ts";

const section = "FUSE protocol";

/** A struct of FUSE. */
function fuseStruct<F extends Struct["fields"]>(doc: string, size: number, fields: F) {
  return { doc, section, size, fields } as const;
}

const fh = le64("Handle of the open file");
const mode = le32("Type and permissions");
const umask = le32("Permissions that are masked already");

/** Requests of FUSE and their answers, as of version 7.38. */
export const fuse: Layout = defineLayout({
  name: "fuse",
  title: "FUSE",
  section,
  doc: "Requests of a file system's driver, and their answers",

  enums: {
    FUSE_INIT_FLAG: {
      doc: "What both sides can do",
      section,
      name: "InitFlag",
      prefix: "FUSE",
      as: "masks",
      members: {
        ASYNC_READ: { value: 1 << 0, doc: "Reads may overtake each other" },
        BIG_WRITES: { value: 1 << 5, doc: "Writes may be longer than a page" },
        AUTO_INVAL_DATA: { value: 1 << 12, doc: "Pages are dropped when a file has changed" },
        PARALLEL_DIROPS: {
          value: 1 << 18,
          doc: "Lookups in one directory may overtake each other",
        },
        MAX_PAGES: { value: 1 << 22, doc: "The answer says how many pages a request may have" },
      },
    },
    FATTR: {
      doc: "Which attributes are set",
      section,
      name: "SetAttribute",
      as: "masks",
      members: {
        MODE: { value: 1 << 0, doc: "Permissions" },
        UID: { value: 1 << 1, doc: "Owner" },
        GID: { value: 1 << 2, doc: "Group" },
        SIZE: { value: 1 << 3, doc: "Size" },
        ATIME: { value: 1 << 4, doc: "Time of the last access" },
        MTIME: { value: 1 << 5, doc: "Time of the last change" },
        FH: { value: 1 << 6, doc: "The handle is one" },
        ATIME_NOW: { value: 1 << 7, doc: "The time of the last access is now" },
        MTIME_NOW: { value: 1 << 8, doc: "The time of the last change is now" },
      },
    },
  },

  constants: {
    FUSE_KERNEL_VERSION: { value: 7, doc: "Version of the protocol" },
    FUSE_KERNEL_MINOR_VERSION: { value: 38, doc: "Minor version of these layouts" },
    FUSE_ROOT_ID: { value: 1, doc: "The root" },
    FUSE_FSYNC_FDATASYNC: { value: 1, doc: "Flag of FUSE_FSYNC: the data alone" },
  },

  structs: {
    fuse_init_in: fuseStruct("What FUSE_INIT needs; older drivers end it at flags2", 64, {
      major: le32("Version"),
      minor: le32("Minor version"),
      max_readahead: le32("Most bytes that are read ahead"),
      flags: le32("What the driver can do", { enum: "FUSE_INIT_FLAG" }),
      flags2: le32("More of that"),
      unused: padding(44),
    }),
    fuse_init_out: fuseStruct("What FUSE_INIT yields", 64, {
      major: le32("Version"),
      minor: le32("Minor version"),
      max_readahead: le32("Most bytes that are read ahead"),
      flags: le32("What is to be used", { enum: "FUSE_INIT_FLAG" }),
      max_background: le16("Most requests that nobody waits for"),
      congestion_threshold: le16("From how many of these on the file system is congested"),
      max_write: le32("Most bytes of a write"),
      time_gran: le32("Steps of times, in nanoseconds"),
      max_pages: le16("Most pages of a request"),
      map_alignment: le16("Alignment of mappings, as a power of two"),
      flags2: le32("More of what is to be used"),
      unused: padding(28),
    }),
    fuse_attr: fuseStruct("Attributes of a file", 88, {
      ino: le64("Inode number"),
      size: le64("Bytes"),
      blocks: le64("Blocks of 512 bytes"),
      atime: le64("Time of the last access, in seconds"),
      mtime: le64("Time of the last change of the content, in seconds"),
      ctime: le64("Time of the last change, in seconds"),
      atimensec: le32("Nanoseconds of it"),
      mtimensec: le32("Nanoseconds of it"),
      ctimensec: le32("Nanoseconds of it"),
      mode,
      nlink: le32("Number of names"),
      uid: le32("Owner"),
      gid: le32("Group"),
      rdev: le32("Device number"),
      blksize: le32("Bytes of a block"),
      flags: le32("Flags"),
    }),
    fuse_entry_out: fuseStruct("What FUSE_LOOKUP and all that make a name yield", 128, {
      nodeid: le64("Number of the node"),
      generation: le64("Tells nodes of one number apart"),
      entry_valid: le64("How long the name may be remembered, in seconds"),
      attr_valid: le64("How long the attributes may be remembered, in seconds"),
      entry_valid_nsec: le32("Nanoseconds of it"),
      attr_valid_nsec: le32("Nanoseconds of it"),
      attr: inline("fuse_attr"),
    }),
    fuse_attr_out: fuseStruct("What FUSE_GETATTR and FUSE_SETATTR yield", 104, {
      attr_valid: le64("How long the attributes may be remembered, in seconds"),
      attr_valid_nsec: le32("Nanoseconds of it"),
      dummy: padding(4),
      attr: inline("fuse_attr"),
    }),
    fuse_setattr_in: fuseStruct("What FUSE_SETATTR needs", 88, {
      valid: le32("Which are set", { enum: "FATTR" }),
      padding: padding(4),
      fh,
      size: le64("Bytes"),
      lock_owner: le64("Owner of locks"),
      atime: le64("Time of the last access, in seconds"),
      mtime: le64("Time of the last change of the content, in seconds"),
      ctime: le64("Time of the last change, in seconds"),
      atimensec: le32("Nanoseconds of it"),
      mtimensec: le32("Nanoseconds of it"),
      ctimensec: le32("Nanoseconds of it"),
      mode,
      unused4: padding(4),
      uid: le32("Owner"),
      gid: le32("Group"),
      unused5: padding(4),
    }),
    fuse_mknod_in: fuseStruct("What FUSE_MKNOD needs in front of the name", 16, {
      mode,
      rdev: le32("Device number"),
      umask,
      padding: padding(4),
    }),
    fuse_mkdir_in: fuseStruct("What FUSE_MKDIR needs in front of the name", 8, { mode, umask }),
    fuse_rename_in: fuseStruct("What FUSE_RENAME needs in front of both names", 8, {
      newdir: le64("The directory of the second name"),
    }),
    fuse_rename2_in: fuseStruct("What FUSE_RENAME2 needs in front of both names", 16, {
      newdir: le64("The directory of the second name"),
      flags: le32("Flags of renameat2()"),
      padding: padding(4),
    }),
    fuse_link_in: fuseStruct("What FUSE_LINK needs in front of the name", 8, {
      oldnodeid: le64("The file"),
    }),
    fuse_open_in: fuseStruct("What FUSE_OPEN and FUSE_OPENDIR need", 8, {
      flags: le32("Flags of open()"),
      open_flags: le32("Flags of FUSE"),
    }),
    fuse_create_in: fuseStruct("What FUSE_CREATE needs in front of the name", 16, {
      flags: le32("Flags of open()"),
      mode,
      umask,
      open_flags: le32("Flags of FUSE"),
    }),
    fuse_open_out: fuseStruct(
      "What FUSE_OPEN and FUSE_OPENDIR yield, FUSE_CREATE behind the entry",
      16,
      {
        fh,
        open_flags: le32("Flags of FUSE"),
        padding: padding(4),
      },
    ),
    fuse_release_in: fuseStruct("What FUSE_RELEASE and FUSE_RELEASEDIR need", 24, {
      fh,
      flags: le32("Flags of open()"),
      release_flags: le32("Flags of FUSE"),
      lock_owner: le64("Owner of locks"),
    }),
    fuse_write_in: fuseStruct(
      "What FUSE_WRITE needs in front of the bytes; fuse_read_in, of the device, has the same fields",
      40,
      {
        fh,
        offset: le64("First byte"),
        size: le32("Number of bytes"),
        write_flags: le32("Flags of FUSE"),
        lock_owner: le64("Owner of locks"),
        flags: le32("Flags of open()"),
        padding: padding(4),
      },
    ),
    fuse_write_out: fuseStruct("What FUSE_WRITE yields", 8, {
      size: le32("Number of bytes that were written"),
      padding: padding(4),
    }),
    fuse_fsync_in: fuseStruct("What FUSE_FSYNC and FUSE_FSYNCDIR need", 16, {
      fh,
      fsync_flags: le32("Flags of FUSE"),
      padding: padding(4),
    }),
    fuse_kstatfs: fuseStruct("What FUSE_STATFS yields", 80, {
      blocks: le64("Blocks"),
      bfree: le64("Free ones"),
      bavail: le64("Free ones for anybody"),
      files: le64("Files that there can be"),
      ffree: le64("Free ones"),
      bsize: le32("Bytes of a transfer"),
      namelen: le32("Most bytes of a name"),
      frsize: le32("Bytes of a block"),
      padding: padding(4),
      spare: padding(24),
    }),
    fuse_dirent: {
      doc: "A name in what FUSE_READDIR yields; the next one starts at a multiple of 8 bytes",
      section,
      fields: {
        ino: le64("Inode number"),
        off: le64("Where to go on behind it"),
        namelen: le32("Bytes of the name"),
        type: le32("Type of the file, as four bits"),
        name: bytes("The name", { field: "namelen" }),
      },
    },
    fuse_forget_in: fuseStruct("What FUSE_FORGET needs", 8, {
      nlookup: le64("How many lookups are forgotten"),
    }),
    fuse_forget_one: fuseStruct("Of one file in what FUSE_BATCH_FORGET needs", 16, {
      nodeid: le64("The file"),
      nlookup: le64("How many lookups are forgotten"),
    }),
    fuse_batch_forget_in: fuseStruct("What FUSE_BATCH_FORGET needs in front of the files", 8, {
      count: le32("Number of files"),
      dummy: padding(4),
    }),
  },
});

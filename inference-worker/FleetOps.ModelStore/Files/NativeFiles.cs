using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FleetOps.ModelStore.Files;

/// <summary>The calls of libc that .NET does not offer: inode numbers, hard links, what became of a lock, writing in advance, and making a rename durable.</summary>
internal static partial class NativeFiles
{
    private const int CurrentDirectory = -100;
    private const int ReadOnlyCloseOnExec = 0x80000;
    private const uint BasicStats = 0x7ff;
    private const int BytesOfBlock = 512;
    private const int LockShared = 1;
    private const int LockAlone = 2;
    private const int LockWithoutWaiting = 4;
    private const uint BeginWriting = 2;

    /// <summary>Size, time of change and inode of a file; symbolic links are followed.</summary>
    /// <exception cref="IOException">The file cannot be examined.</exception>
    public static unsafe FileIdentity Identify(string path)
    {
        Statx stat;
        if (StatxCall(CurrentDirectory, path, 0, BasicStats, &stat) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }

        return new FileIdentity((long)stat.Size, stat.ModifiedSeconds * 1_000_000_000 + stat.ModifiedNanoseconds, stat.Inode);
    }

    /// <summary>The inode of a file and the bytes that it takes on its volume; zeros when it is gone.</summary>
    public static unsafe (ulong Inode, long Bytes) Allocated(string path)
    {
        Statx stat;
        return StatxCall(CurrentDirectory, path, 0, BasicStats, &stat) == 0 ? (stat.Inode, (long)stat.Blocks * BytesOfBlock) : default;
    }

    /// <summary>Gives a file a second name; false where the file is gone, the name is taken, or the volume or its owner does not allow it.</summary>
    public static bool TryLink(string path, string name) => LinkCall(path, name) == 0;

    /// <summary>Whether the lock that .NET asked for is held: it takes every error but one for success.</summary>
    public static bool IsLocked(SafeFileHandle file, bool alone) => FlockCall(file, (alone ? LockAlone : LockShared) | LockWithoutWaiting) == 0;

    /// <summary>Lets the disk begin with bytes that were written, so that flushing them has less to wait for. Says nothing where that cannot be.</summary>
    public static void BeginFlush(SafeFileHandle file, long offset, long count) => _ = SyncFileRangeCall(file, offset, count, BeginWriting);

    /// <summary>Makes renames inside a folder survive a power cut. Best effort: some file systems cannot.</summary>
    public static void FlushDirectory(string path)
    {
        int descriptor = OpenCall(path, ReadOnlyCloseOnExec);
        if (descriptor >= 0)
        {
            _ = FsyncCall(descriptor);
            _ = CloseCall(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatxCall(int directory, string path, int flags, uint mask, Statx* result);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkCall(string path, string name);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FlockCall(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncFileRangeCall(SafeFileHandle file, long offset, long count, uint flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FsyncCall(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseCall(int descriptor);

    // struct statx is the same on every architecture, unlike struct stat.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(40)]
        public ulong Size;

        [FieldOffset(48)]
        public ulong Blocks;

        [FieldOffset(112)]
        public long ModifiedSeconds;

        [FieldOffset(120)]
        public uint ModifiedNanoseconds;
    }
}

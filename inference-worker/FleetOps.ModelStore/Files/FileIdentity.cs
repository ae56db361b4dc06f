using System.Runtime.InteropServices;

namespace FleetOps.ModelStore.Files;

/// <summary>What changes when a file is replaced or written to.</summary>
/// <param name="SizeBytes">Size in bytes.</param>
/// <param name="ModifiedNanoseconds">Time of the last change, in nanoseconds since 1970.</param>
/// <param name="Inode">Inode number.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FileIdentity(long SizeBytes, long ModifiedNanoseconds, ulong Inode)
{
    public static FileIdentity Of(string path) => NativeFiles.Identify(path);

    /// <summary>The same; null when the file is gone.</summary>
    public static FileIdentity? TryOf(string path)
    {
        try
        {
            return Of(path);
        }
        catch (IOException)
        {
            return null;
        }
    }
}

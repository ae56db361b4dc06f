namespace FleetOps.ModelStore.Files;

/// <summary>Writes that are either wholly there after a crash or not at all.</summary>
internal static class DurableFile
{
    /// <summary>Replaces a small file atomically.</summary>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> content)
    {
        // Several processes may write it at once.
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        Publish(temporary, path);
    }

    /// <summary>Gives a file that was flushed its final name.</summary>
    public static void Publish(string temporary, string path)
    {
        File.Move(temporary, path, overwrite: true);
        NativeFiles.FlushDirectory(Path.GetDirectoryName(path)!);
    }
}

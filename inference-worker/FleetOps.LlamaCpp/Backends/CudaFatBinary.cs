using System.Buffers.Binary;
using System.Text;

namespace FleetOps.LlamaCpp.Backends;

/// <summary>
/// Reads which GPUs a library carries code for, from the fat binaries in its ELF section <c>.nv_fatbin</c>. So the check
/// at start-up follows whatever library lies in the image, and needs no list that somebody has to keep in step.
/// </summary>
internal static class CudaFatBinary
{
    private const string Section = ".nv_fatbin";
    private const uint ContainerMagic = 0xBA55ED50;
    private const int ContainerHeader = 16;
    private const int EntryHeader = 64;
    private const int Ptx = 1;
    private const int MachineCode = 2;

    /// <summary>The distinct pieces of code in the library.</summary>
    /// <exception cref="InvalidDataException">The file is no 64-bit ELF library with GPU code.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IReadOnlySet<CudaCode> Read(string path)
    {
        using var file = File.OpenHandle(path);
        var (offset, size) = FindSection(file, path);
        var found = new HashSet<CudaCode>();
        var header = new byte[EntryHeader];
        var end = offset + size;
        while (offset + ContainerHeader <= end)
        {
            ReadExactly(file, header.AsSpan(0, ContainerHeader), offset, path);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != ContainerMagic)
            {
                // Containers are aligned to 8 bytes, with padding between them.
                offset += 8;
                continue;
            }

            var entry = offset + BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(6));
            var next = checked(entry + (long)BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(8)));
            while (entry + EntryHeader <= Math.Min(next, end))
            {
                ReadExactly(file, header, entry, path);
                if (Code(header) is { } code)
                {
                    found.Add(code);
                }

                var length = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4)) + (long)BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(8));
                if (length <= 0)
                {
                    throw new InvalidDataException($"'{path}' has a fat binary entry of {length} bytes at offset {entry}.");
                }

                entry += length;
            }

            offset = Math.Max(next, offset + ContainerHeader);
        }

        return found.Count > 0 ? found : throw new InvalidDataException($"'{path}' carries no GPU code in its section {Section}.");
    }

    // An entry begins: u16 kind, u16, u32 header size, u64 size, u32, u32, u16 minor, u16 major, u32 architecture.
    private static CudaCode? Code(ReadOnlySpan<byte> entry)
    {
        var kind = BinaryPrimitives.ReadUInt16LittleEndian(entry);
        if (kind is not (Ptx or MachineCode))
        {
            return null;
        }

        var architecture = (int)BinaryPrimitives.ReadUInt32LittleEndian(entry[28..]);
        var version = kind == Ptx
            ? new Version(BinaryPrimitives.ReadUInt16LittleEndian(entry[26..]), BinaryPrimitives.ReadUInt16LittleEndian(entry[24..]))
            : new Version(0, 0);
        return new CudaCode(kind == Ptx, new Version(architecture / 10, architecture % 10), version);
    }

    private static (long Offset, long Size) FindSection(Microsoft.Win32.SafeHandles.SafeFileHandle file, string path)
    {
        Span<byte> elf = stackalloc byte[64];
        ReadExactly(file, elf, 0, path);
        if (!elf.StartsWith("\u007fELF\u0002\u0001"u8))
        {
            throw new InvalidDataException($"'{path}' is no 64-bit little-endian ELF file.");
        }

        var table = (long)BinaryPrimitives.ReadUInt64LittleEndian(elf[40..]);
        int entrySize = BinaryPrimitives.ReadUInt16LittleEndian(elf[58..]), count = BinaryPrimitives.ReadUInt16LittleEndian(elf[60..]);
        int names = BinaryPrimitives.ReadUInt16LittleEndian(elf[62..]);
        if (entrySize < 64 || names >= count)
        {
            throw new InvalidDataException($"'{path}' has no usable section table.");
        }

        var sections = new byte[entrySize * count];
        ReadExactly(file, sections, table, path);
        var nameTable = SectionAt(sections.AsSpan(names * entrySize));
        Span<byte> name = stackalloc byte[Section.Length + 1];
        for (var i = 0; i < count; i++)
        {
            var section = sections.AsSpan(i * entrySize);
            var start = nameTable.Offset + BinaryPrimitives.ReadUInt32LittleEndian(section);
            if (RandomAccess.Read(file, name, start) == name.Length && name[^1] == 0 && Encoding.ASCII.GetString(name[..^1]) == Section)
            {
                return SectionAt(section);
            }
        }

        throw new InvalidDataException($"'{path}' has no section {Section}, so it carries no GPU code.");
    }

    private static (long Offset, long Size) SectionAt(ReadOnlySpan<byte> header) =>
        ((long)BinaryPrimitives.ReadUInt64LittleEndian(header[24..]), (long)BinaryPrimitives.ReadUInt64LittleEndian(header[32..]));

    private static void ReadExactly(Microsoft.Win32.SafeHandles.SafeFileHandle file, Span<byte> buffer, long offset, string path)
    {
        if (offset < 0 || RandomAccess.Read(file, buffer, offset) != buffer.Length)
        {
            throw new InvalidDataException($"'{path}' ends before offset {offset + buffer.Length}.");
        }
    }
}

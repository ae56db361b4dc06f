using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Models;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Gguf;

namespace FleetOps.InferenceWorker.Engine.Adapters;

/// <summary>
/// The LoRA adapters of one model by name. Adapters may be loaded and forgotten while others are in use: one that is
/// forgotten stays in memory until the last request that uses it has ended. Safe for use from any thread.
/// </summary>
/// <param name="model">The model that they are for; has to outlive the set.</param>
/// <param name="header">The header of its file.</param>
/// <param name="directory">The folder from which adapters may be loaded by relative paths; null for none.</param>
internal sealed class AdapterSet(LlamaModel model, GgufHeader header, string? directory) : IDisposable
{
    /// <summary>The strongest scale, with either sign.</summary>
    public const float MaxScale = 10;

    private const int MaxNameLength = 64;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>The adapters in the order of their names.</summary>
    public IReadOnlyList<AdapterDescription> List()
    {
        lock (_lock)
        {
            return [.. _entries.Values.Where(static entry => entry.Adapter is not null).Select(static entry => entry.Description)];
        }
    }

    /// <summary>Loads an adapter from the folder of adapters, on the calling thread.</summary>
    /// <param name="name">1 to 64 letters, digits, <c>_</c>, <c>-</c> or <c>.</c></param>
    /// <param name="relativePath">A path inside the folder; links may not lead out of it.</param>
    /// <param name="scale">-10 to 10, not 0.</param>
    /// <exception cref="AdapterException">It cannot be loaded.</exception>
    public AdapterDescription LoadFromDirectory(string name, string relativePath, float scale = 1)
    {
        if (directory is null)
        {
            throw new AdapterException(AdapterFault.NoDirectory, "Adapters cannot be loaded while this worker runs: it has no folder of adapters. Start it with --lora-dir, or name the adapter with --lora.");
        }

        return !Path.IsPathRooted(relativePath) && Directory.Exists(directory) && ContainedPath.Resolve(directory, relativePath) is { } path
            ? Load(name, path, scale)
            : throw new AdapterException(AdapterFault.FileNotFound, $"There is no '{relativePath}' in the folder of adapters; give a path inside it.");
    }

    /// <summary>Loads an adapter from any file, on the calling thread.</summary>
    /// <param name="name">1 to 64 letters, digits, <c>_</c>, <c>-</c> or <c>.</c></param>
    /// <param name="path">A GGUF file.</param>
    /// <param name="scale">-10 to 10, not 0.</param>
    /// <exception cref="AdapterException">It cannot be loaded.</exception>
    public AdapterDescription Load(string name, string path, float scale = 1)
    {
        if (name.Length is 0 or > MaxNameLength || !name.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.'))
        {
            throw new AdapterException(AdapterFault.InvalidArgument, $"'{name}' is no name of an adapter; it must be 1 to {MaxNameLength} letters, digits, '_', '-' or '.'.");
        }

        if (scale == 0 || !(Math.Abs(scale) <= MaxScale))
        {
            throw new AdapterException(AdapterFault.InvalidArgument, $"The scale of the adapter {name} is {scale}; it must be {-MaxScale} to {MaxScale} and not 0.");
        }

        var entry = new Entry(new AdapterDescription(name, path, scale));
        lock (_lock)
        {
            // Takes the name before the file is read, so that two calls do not read for it.
            if (!_entries.TryAdd(name, entry))
            {
                throw new AdapterException(AdapterFault.NameTaken, $"There is an adapter {name} already. Choose another name, or unload that one first.");
            }
        }

        try
        {
            AdapterFile.Check(path, header);
            var adapter = LlamaAdapter.Load(model, path);
            lock (_lock)
            {
                entry.Adapter = adapter;
            }

            return entry.Description;
        }
        catch (Exception exception)
        {
            lock (_lock)
            {
                _entries.Remove(name);
            }

            throw exception is LlamaException fault
                ? new AdapterException(fault.Fault == LlamaFault.ModelUnreadable ? AdapterFault.FileNotFound : AdapterFault.Unfit, fault.Message, fault)
                : exception;
        }
    }

    /// <summary>Takes an adapter for the time of a request; null if there is none of that name.</summary>
    public AdapterLease? Acquire(string name)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(name, out var entry) || entry.Adapter is not { } adapter)
            {
                return null;
            }

            entry.Users++;
            return new AdapterLease(entry.Description, adapter, () => Return(entry));
        }
    }

    /// <summary>Forgets an adapter; false if there is none of that name. Requests that use it keep it.</summary>
    public bool Unload(string name)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(name, out var entry) || entry.Adapter is null)
            {
                return false;
            }

            _entries.Remove(name);
            entry.Forgotten = true;
            entry.FreeIfUnused();
            return true;
        }
    }

    /// <summary>Forgets all adapters.</summary>
    public void Dispose()
    {
        foreach (var adapter in List())
        {
            Unload(adapter.Name);
        }
    }

    private void Return(Entry entry)
    {
        lock (_lock)
        {
            entry.Users--;
            entry.FreeIfUnused();
        }
    }

    private sealed class Entry(AdapterDescription description)
    {
        public AdapterDescription Description { get; } = description;

        public LlamaAdapter? Adapter { get; set; }

        public int Users { get; set; }

        public bool Forgotten { get; set; }

        public void FreeIfUnused()
        {
            if (Forgotten && Users == 0)
            {
                Adapter?.Dispose();
            }
        }
    }
}

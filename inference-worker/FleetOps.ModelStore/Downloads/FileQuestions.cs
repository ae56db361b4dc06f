using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Downloads;

/// <summary>Asks a source for the files of a model, one after the other. What it said of some is not asked again when it fails at the next. Not thread-safe.</summary>
internal sealed class FileQuestions(ModelSource source)
{
    private readonly List<RemoteFile> _known = [];

    /// <summary>True when nothing has been asked yet since all was known.</summary>
    public bool IsNew => _known.Count == 0;

    /// <summary>Asks for what is not known yet.</summary>
    /// <param name="ask">Asks for one file.</param>
    /// <exception cref="ModelSourceException">The source does not have all of them, does not give them, or does not answer.</exception>
    public async Task<RemoteModel> AskAsync(Func<ModelSource, Task<RemoteFile>> ask)
    {
        int count = source.Split?.Count ?? 1;
        while (_known.Count < count)
        {
            int number = _known.Count + 1;
            try
            {
                _known.Add(await ask(count == 1 ? source : source.Shard(number)).ConfigureAwait(false));
            }
            catch (ModelSourceException e) when (count > 1 && e is not TransientSourceException && e.Reason == ModelSourceReason.SourceNotFound)
            {
                throw new ModelSourceException(
                    ModelSourceReason.SourceNotFound, $"File {number} of the {count} files of the split model {source} is missing: {e.Message}", e);
            }
        }

        var model = new RemoteModel([.. _known]);
        _known.Clear();
        return model;
    }
}

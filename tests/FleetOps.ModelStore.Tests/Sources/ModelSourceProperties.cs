using FleetOps.ModelStore.Sources;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace FleetOps.ModelStore.Tests.Sources;

public sealed class ModelSourceProperties
{
    private static readonly char[] NameCharacters = [.. "abcXYZ019_"];
    private static readonly char[] Spice = [.. "/@:?#%.\\ \t\0\u00fc\ud800-_aZ9"];

    private static Gen<string> Name => Gen.Elements(NameCharacters).NonEmptyListOf().Select(characters => string.Concat(characters.Take(40)));

    private static Gen<string> Paths => Name.NonEmptyListOf().Select(names => string.Join('/', names.Take(5)));

    private static Gen<string> Sources => Gen.OneOf(
        from owner in Name from repository in Name from path in Paths select $"hf://{owner}/{repository}/{path}",
        from owner in Name from repository in Name from path in Paths from revision in Paths select $"hf://{owner}/{repository}/{path}@{revision}",
        from bucket in Name from path in Paths select $"s3://b0{bucket.ToLowerInvariant().Replace('_', '0')}/{path}",
        from claim in Name from path in Paths select $"pvc://{claim.ToLowerInvariant().Replace('_', '0')}/{path}",
        from path in Paths select $"file:///{path}",
        from host in Name from path in Paths select $"https://{host.ToLowerInvariant().Replace('_', '0')}.example/{path}");

    [Property(MaxTest = 1000)]
    public Property A_source_is_written_as_it_was_read() =>
        Prop.ForAll(Sources.ToArbitrary(), text => ModelSource.Parse(text).ToString() == text && ModelSource.Parse(text) == ModelSource.Parse(text));

    [Property(MaxTest = 5000)]
    public Property Any_text_is_read_or_refused_with_a_sentence() =>
        Prop.ForAll(Damaged.ToArbitrary(), text =>
        {
            bool read = ModelSource.TryParse(text, out ModelSource? source, out string? error);
            return read ? source is not null && error is null && IsContained(source) : source is null && error!.Length > 10;
        });

    [Property(MaxTest = 1000)]
    public bool Arbitrary_strings_are_read_or_refused(string? text) =>
        ModelSource.TryParse(text, out ModelSource? source, out string? error) ? source is not null : error is not null;

    private static Gen<string> Damaged =>
        from text in Sources
        from count in Gen.Choose(1, 4)
        from edits in (from at in Gen.Choose(0, 200) from c in Gen.Elements(Spice) from kind in Gen.Choose(0, 2) select (at, c, kind)).ListOf(count)
        select edits.Aggregate(text, Edit);

    private static string Edit(string text, (int At, char Character, int Kind) edit)
    {
        int at = Math.Min(edit.At, Math.Max(0, text.Length - 1));
        return edit.Kind switch
        {
            0 => text.Insert(at, edit.Character.ToString()),
            1 when text.Length > 0 => text.Remove(at, 1),
            _ => text.Length == 0 ? text : text.Remove(at, 1).Insert(at, edit.Character.ToString()),
        };
    }

    // Whatever is accepted must be safe to join to a folder.
    private static bool IsContained(ModelSource source)
    {
        string? path = source switch
        {
            ClaimModelSource claim => Path.Join(claim.Claim, claim.Path),
            HubModelSource hub => hub.File,
            S3ModelSource s3 => Path.Join(s3.Bucket, s3.Key),
            _ => null,
        };
        return path is null || Path.GetFullPath(Path.Join("/root", path)).StartsWith("/root/", StringComparison.Ordinal);
    }
}

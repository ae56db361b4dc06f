using System.Text;
using Google.Rpc;

namespace FleetOps.InferenceWorker.Services;

/// <summary>Collects what is wrong with the fields of a request, so that the client hears of all of it at once.</summary>
internal sealed class FieldViolations
{
    private readonly List<BadRequest.Types.FieldViolation> _violations = [];

    /// <summary>Notes a violation.</summary>
    public void Add(string field, string description) =>
        _violations.Add(new BadRequest.Types.FieldViolation { Field = field, Description = description });

    /// <summary>Notes a violation if a number is given and lies outside a range; NaN does always.</summary>
    public void RequireRange(string field, double? value, double least, double most, bool leastExcluded = false)
    {
        if (value is { } number && !(number <= most && (leastExcluded ? number > least : number >= least)))
        {
            var from = leastExcluded ? $"above {least}" : $"at least {least}";
            var to = double.IsPositiveInfinity(most) || most >= int.MaxValue ? "" : $" and at most {most}";
            Add(field, $"is {number}; it must be {from}{to}.");
        }
    }

    /// <summary>Notes a violation if a list has too many entries.</summary>
    public void RequireCount(string field, int count, int most)
    {
        if (count > most)
        {
            Add(field, $"has {count} entries; at most {most} are taken.");
        }
    }

    /// <summary>Notes a violation if a text is too short or too long in UTF-8.</summary>
    public void RequireBytes(string field, string text, int least, int most)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        if (bytes < least || bytes > most)
        {
            Add(field, $"has {bytes} bytes; it must have {least} to {most}.");
        }
    }

    /// <summary>Whether anything was noted.</summary>
    public bool Any => _violations.Count > 0;

    /// <summary>Throws INVALID_ARGUMENT if anything was noted.</summary>
    /// <exception cref="Grpc.Core.RpcException">Something was noted.</exception>
    public void ThrowIfAny()
    {
        if (_violations.Count > 0)
        {
            throw RpcErrors.InvalidArgument(_violations);
        }
    }
}
